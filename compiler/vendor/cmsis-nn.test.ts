import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workFolder } from '../../test/support/work-folder.js';
import { CompileError } from '../diagnostics/diagnostic.js';
import { CMSIS_NN_TESTED, commitOf, findCmsisNn, readCmsisNn } from './cmsis-nn.js';

const work = workFolder();

/** A copy that holds as much as finding it takes. */
function copyAt(path: string, revision = 'V.18.0.0', include = ''): string {
  const folder = join(work.path, path);
  mkdirSync(join(folder, 'Include/Internal'), { recursive: true });
  mkdirSync(join(folder, 'Source/Deep'), { recursive: true });
  writeFileSync(join(folder, 'Include/arm_nnfunctions.h'), `/*\n * $Revision:    ${revision}\n */\n${include}\n`);
  writeFileSync(join(folder, 'Include/Internal/more.h'), '');
  writeFileSync(join(folder, 'Source/Deep/arm_add_s8.c'), 'void arm_add_s8(void) {}\n');
  writeFileSync(join(folder, 'Source/Deep/arm_add_f32.c'), 'void arm_add_f32(void) {}\n');
  return folder;
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics[0]!.code;
  }
}

describe('a copy of CMSIS-NN', () => {
  it('is the folder that is given, or one in it', () => {
    const copy = copyAt('given/CMSIS/NN');
    const found = findCmsisNn({ given: join(work.path, 'given'), env: { CMSIS_NN_PATH: '/nowhere' } });
    expect(found).toEqual(readCmsisNn(copy));
    expect(found).toMatchObject({ version: '7.0.0', law: 'tflite-single', defines: ['CMSIS_NN_USE_SINGLE_ROUNDING'] });
    expect(found.files.map(({ path }) => path)).toEqual([
      'Include/Internal/more.h',
      'Include/arm_nnfunctions.h',
      'Source/Deep/arm_add_s8.c',
    ]);
  });

  it('comes from CMSIS_NN_PATH, and rounds as it is said to', () => {
    const found = findCmsisNn({ env: { CMSIS_NN_PATH: copyAt('named', 'V.99.0') }, rounding: 'double' });
    expect(found).toMatchObject({ version: 'V.99.0', law: 'tflite-double', defines: [] });
  });

  it('comes from the newest pack', () => {
    for (const [version, revision] of [
      ['6.0.0', 'V.16.0.0'],
      ['10.0.0', 'V.77'],
      ['7.0.0', 'V.18.0.0'],
    ] as const) {
      copyAt(`packs/ARM/CMSIS-NN/${version}`, revision);
    }
    expect(findCmsisNn({ env: { CMSIS_PACK_ROOT: join(work.path, 'packs') } }).version).toBe('V.77');
  });

  it('brings the CMSIS-Core headers that an old version includes', () => {
    const copy = copyAt('old/NN', 'V.11.2.0', '#include "cmsis_compiler.h"');
    expect(codeOf(() => readCmsisNn(copy))).toBe('NC0611');
    const core = join(work.path, 'core');
    mkdirSync(core);
    writeFileSync(join(core, 'cmsis_compiler.h'), '');
    writeFileSync(join(core, 'core_cm4.h'), '');
    const found = readCmsisNn(copy, { CMSIS_CORE_PATH: core });
    expect(found.includeDirectories).toEqual(['Include', 'CMSIS-Core']);
    expect(found.files.at(-1)!.path).toBe('CMSIS-Core/cmsis_compiler.h');
    expect(found.version).toBe('4.0.0');
  });

  it('is asked for with words where there is none', () => {
    expect(codeOf(() => findCmsisNn({ env: { HOME: work.path, CMSIS_NN_PATH: '' } }))).toBe('NC0610');
    expect(codeOf(() => findCmsisNn({ given: work.path, env: {} }))).toBe('NC0611');
  });

  it('is fetched by the commit of its release, or of the tested one', () => {
    expect(commitOf('6.0.0').version).toBe('6.0.0');
    expect(commitOf('V.99.0')).toEqual(CMSIS_NN_TESTED);
    expect(commitOf('4.0.0')).toEqual(CMSIS_NN_TESTED);
  });
});
