/** The copies of vendors' libraries that `--kernels` asks for. */
import { resolve } from 'node:path';
import { loadTarget } from '../targets.js';
import { familyOf } from '../vendor/default-library.js';
import type { Library } from '../vendor/library.js';
import type { Config } from './config.js';
import type { CompileFlags } from './options.js';
import type { Session } from './session.js';

/**
 * @param folder that of nanoc.json, to which its paths are relative
 * @throws CompileError NC0610, NC0611, NC0614
 */
export async function requestedLibraries(
  session: Session,
  flags: CompileFlags,
  config: Config,
  folder: string,
): Promise<Library[]> {
  const kernels = flags.kernels ?? config.kernels;
  const names = flags.target ?? (config.target === undefined ? [] : [config.target].flat());
  const targets = await Promise.all(names.map(loadTarget));
  const families = new Set([
    kernels,
    ...targets.map((target) => familyOf(kernels === undefined ? {} : { kernels }, target)),
  ]);
  return [
    ...(families.has('cmsis-nn') ? [await cmsisNn(session, flags, config, folder)] : []),
    ...(families.has('esp-nn') ? await espNn(session, flags, config, folder) : []),
  ];
}

async function cmsisNn({ terminal }: Session, flags: CompileFlags, config: Config, folder: string): Promise<Library> {
  const { findCmsisNn } = await import('../vendor/cmsis-nn.js');
  const configured = config.cmsisNn === undefined ? undefined : resolve(folder, config.cmsisNn);
  const given = flags.cmsisNn === undefined ? configured : resolve(terminal.cwd, flags.cmsisNn);
  const rounding = flags.cmsisNnRounding ?? config.cmsisNnRounding;
  return findCmsisNn({
    env: terminal.env,
    ...(given === undefined ? {} : { given }),
    ...(rounding === undefined ? {} : { rounding }),
  });
}

/** None where there is no copy: a project of ESP-IDF fetches the pinned release. */
async function espNn({ terminal }: Session, flags: CompileFlags, config: Config, folder: string): Promise<Library[]> {
  const { findEspNn } = await import('../vendor/esp-nn.js');
  const configured = config.espNn === undefined ? undefined : resolve(folder, config.espNn);
  const given = flags.espNn === undefined ? configured : resolve(terminal.cwd, flags.espNn);
  const projects = [terminal.cwd, folder];
  const found = findEspNn({ env: terminal.env, projects, ...(given === undefined ? {} : { given }) });
  return found === undefined ? [] : [found];
}
