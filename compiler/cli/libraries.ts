/** The copies of vendors' libraries that `--kernels` asks for. */
import { resolve } from 'node:path';
import type { Library } from '../vendor/library.js';
import type { Config } from './config.js';
import type { CompileFlags } from './options.js';
import type { Session } from './session.js';

/**
 * @param folder that of nanoc.json, to which its paths are relative
 * @throws CompileError NC0610, NC0611
 */
export async function requestedLibraries(
  { terminal }: Session,
  flags: CompileFlags,
  config: Config,
  folder: string,
): Promise<Library[]> {
  if ((flags.kernels ?? config.kernels) !== 'cmsis-nn') return [];
  const { findCmsisNn } = await import('../vendor/cmsis-nn.js');
  const configured = config.cmsisNn === undefined ? undefined : resolve(folder, config.cmsisNn);
  const given = flags.cmsisNn === undefined ? configured : resolve(terminal.cwd, flags.cmsisNn);
  const rounding = flags.cmsisNnRounding ?? config.cmsisNnRounding;
  return [
    findCmsisNn({
      env: terminal.env,
      ...(given === undefined ? {} : { given }),
      ...(rounding === undefined ? {} : { rounding }),
    }),
  ];
}
