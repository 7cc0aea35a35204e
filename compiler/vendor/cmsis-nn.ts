/**
 * Finding the user's copy of CMSIS-NN: `--cmsis-nn DIR`, `cmsisNn` of nanoc.json, CMSIS_NN_PATH, or the newest version in a folder of
 * CMSIS packs (CMSIS_PACK_ROOT).
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import type { Library, LibraryFile } from './library.js';
import { hashed, readFiles } from './read-library.js';

export type Rounding = 'single' | 'double';

export interface CmsisNnRequest {
  /** Of the command line or nanoc.json, absolute. */
  readonly given?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: single. nanoc compiles the library, and the emitted project does, with CMSIS_NN_USE_SINGLE_ROUNDING. */
  readonly rounding?: Rounding;
}

interface Release {
  readonly version: string;
  readonly commit: string;
}

/** Releases by the revision in the head of arm_nnfunctions.h, from the upstream repository's tags. */
const RELEASES: Readonly<Record<string, Release>> = {
  'V.11.2.0': { version: '4.0.0', commit: '6731dafb7e33f77a31898cabbe5ca58ae0fa6cbd' },
  'V.11.3.0': { version: '4.1.0', commit: 'd7cb8743e0e701d77136b6f27176b3d675c9b5f2' },
  'V.12.4.0': { version: '5.0.0', commit: 'd3e6b6dd70e057d92818c89f3e4e92485a1db964' },
  'V.16.0.0': { version: '6.0.0', commit: '8652dac45d3ef2ff5f9dc4212fc4c9cdeb00d21a' },
  'V.18.0.0': { version: '7.0.0', commit: '8ec77d11415dda06c6a34f94e8ac0b6be89300b7' },
  'V.19.1.0': { version: '7.0.0+V.19.1.0', commit: '99f736a63036613032f9b70de36b493bcd7802d4' },
};

/** What the emitted project fetches where the user names no copy: the same release, or the newest that was tested. */
export const CMSIS_NN_REPOSITORY = 'https://github.com/ARM-software/CMSIS-NN.git';
export const CMSIS_NN_TESTED: Release = RELEASES['V.19.1.0']!;

/** The commit of a version, or of the tested one where the version is no release. 4.0.0 needs CMSIS-Core beside it, so it is never fetched. */
export function commitOf(version: string): Release {
  const release = Object.values(RELEASES).find((each) => each.version === version);
  return release === undefined || version === '4.0.0' ? CMSIS_NN_TESTED : release;
}

/** @throws CompileError NC0610 when there is no copy, NC0611 when what is given is none */
export function findCmsisNn({ given, env, rounding = 'single' }: CmsisNnRequest): Library {
  const named = given ?? nonEmpty(env.CMSIS_NN_PATH);
  if (named !== undefined) return readCmsisNn(resolve(named), env, rounding);
  const pack = newestPack(env);
  if (pack !== undefined) return readCmsisNn(pack, env, rounding);
  return fail(
    {
      code: 'NC0610',
      message: 'no copy of CMSIS-NN was found',
      expected: '--cmsis-nn DIR, CMSIS_NN_PATH, or the pack ARM.CMSIS-NN below CMSIS_PACK_ROOT',
      help: `git clone ${CMSIS_NN_REPOSITORY} && git -C CMSIS-NN checkout ${CMSIS_NN_TESTED.commit}`,
    },
    EXIT.missingTool,
  );
}

/** Where the library lies in what users call its folder. */
const PLACES = ['', 'CMSIS-NN', 'cmsis_nn', 'NN', 'CMSIS/NN'];
const HEADER = 'Include/arm_nnfunctions.h';

/** @throws CompileError NC0611 when the folder holds no CMSIS-NN, or one without the CMSIS-Core headers that it needs */
export function readCmsisNn(folder: string, env: CmsisNnRequest['env'] = {}, rounding: Rounding = 'single'): Library {
  const root = PLACES.map((place) => join(folder, place)).find((place) => existsSync(join(place, HEADER)));
  if (root === undefined) return notCmsisNn(folder, `it has no ${HEADER}`);
  const files = readFiles(root, 'Include', (path) => path.endsWith('.h'));
  if (existsSync(join(root, 'Source'))) files.push(...readFiles(root, 'Source', isIntegerSource));
  const core = files.some(({ content }) => content.includes('#include "cmsis_compiler.h"')) ? coreFiles(root, env) : [];
  if (core === undefined) {
    return notCmsisNn(
      folder,
      'this version includes cmsis_compiler.h, and no CMSIS-Core lies beside it or in CMSIS_CORE_PATH',
    );
  }
  return hashed({
    name: 'cmsis-nn',
    version: versionOf(files),
    law: rounding === 'single' ? 'tflite-single' : 'tflite-double',
    defines: rounding === 'single' ? ['CMSIS_NN_USE_SINGLE_ROUNDING'] : [],
    files: [...files, ...core],
    includeDirectories: ['Include', ...(core.length > 0 ? [CORE] : [])],
  });
}

function notCmsisNn(folder: string, because: string): never {
  return fail({ code: 'NC0611', message: `"${folder}" is no copy of CMSIS-NN`, because });
}

/** Kernels of float and the Python bindings are left out. */
function isIntegerSource(path: string): boolean {
  return /\.[ch]$/.test(path) && !/_(f16|f32|flt)\.[ch]$/.test(path) && !path.startsWith('Source/Bindings/');
}

/** Path of the CMSIS-Core headers in `Library.files`: they come from another folder than the rest. */
const CORE = 'CMSIS-Core';

function coreFiles(root: string, env: CmsisNnRequest['env']): LibraryFile[] | undefined {
  const path = nonEmpty(env.CMSIS_CORE_PATH);
  const candidates = [
    ...(path === undefined ? [] : [path]),
    ...['../cmsis_core/Include', '../Core/Include', '../CMSIS/Core/Include', '../CMSIS_6/CMSIS/Core/Include'].map(
      (near) => join(root, near),
    ),
  ];
  const folder = candidates.find((candidate) => existsSync(join(candidate, 'cmsis_compiler.h')));
  if (folder === undefined) return undefined;
  const headers = readFiles(folder, '.', (name) => /(^|\/)cmsis_[\w.]+\.h$/.test(name));
  return headers.map((file) => ({ ...file, path: `${CORE}/${file.path}` }));
}

function versionOf(files: readonly LibraryFile[]): string {
  const head = files.find(({ path }) => path === HEADER)!.content;
  const revision = /\$Revision:\s*(V[.\w]+)/.exec(head)?.[1] ?? 'unknown';
  return RELEASES[revision]?.version ?? revision;
}

/** `<root>/ARM/CMSIS-NN/<version>`, the highest version. */
function newestPack(env: CmsisNnRequest['env']): string | undefined {
  const home = nonEmpty(env.HOME);
  const roots = [nonEmpty(env.CMSIS_PACK_ROOT), ...(home === undefined ? [] : [join(home, '.cache/arm/packs')])];
  const folders = roots.flatMap((root) => (root === undefined ? [] : [join(root, 'ARM/CMSIS-NN')]));
  const versions = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((version) => join(folder, version)))
    .filter((folder) => existsSync(join(folder, HEADER)));
  const collator = new Intl.Collator('en', { numeric: true });
  return versions.sort((a, b) => collator.compare(a.slice(dirname(a).length), b.slice(dirname(b).length))).at(-1);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
