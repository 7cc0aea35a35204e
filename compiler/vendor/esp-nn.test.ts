import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bakennFolder } from '../../test/support/vendor-copies.js';
import { workFolder } from '../../test/support/work-folder.js';
import { CompileError } from '../diagnostics/diagnostic.js';
import { loadTarget } from '../targets.js';
import { fittingLibraries } from './default-library.js';
import { findEspNn, readEspNn, withVectors } from './esp-nn.js';
import { ESP_NN, isGood } from './esp-nn-release.js';
import { sourcesOf } from './library.js';

const work = workFolder();
const folder = await bakennFolder();

function copyAt(path: string, version: string): string {
  const at = join(work.path, path);
  mkdirSync(join(at, 'include'), { recursive: true });
  mkdirSync(join(at, 'src/deep'), { recursive: true });
  writeFileSync(join(at, 'include/esp_nn.h'), '');
  writeFileSync(join(at, 'idf_component.yml'), `version: "${version}"\n`);
  writeFileSync(join(at, 'src/deep/esp_nn_add_ansi.c'), 'void esp_nn_add_ansi(void) {}\n');
  writeFileSync(join(at, 'src/deep/esp_nn_add_esp32s3.S'), '\n');
  return at;
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

describe('a copy of ESP-NN', () => {
  it.skipIf(folder === undefined)('is known by its hash where it has no manifest', () => {
    const { files, ofChips, ...library } = readEspNn(join(folder!, 'bakenn/backend/esp_nn/vendor'));
    expect(library).toEqual({ ...ESP_NN, files: undefined });
    expect(files.some(({ path }) => path.includes('esp32s3.c'))).toBe(false);
    const assembly = ofChips!.filter(({ path }) => path.endsWith('_esp32s3.S'));
    expect(assembly.length).toBeGreaterThan(20);
    const whole = withVectors({ ...library, files, ofChips: ofChips! });
    expect(sourcesOf(whole, [])).toEqual(expect.arrayContaining(assembly));
    expect(whole.files.some(({ path }) => /esp32p4\.[cS]$/.test(path))).toBe(false);
    expect(whole.sha256).not.toBe(library.sha256);
  });

  it('has the kernels for the vectors where the program itself executes them', async () => {
    const library = readEspNn(copyAt('fitting', '1.3.0'));
    const filesOn = async (name: string) => {
      const { libraries } = fittingLibraries({ target: name, libraries: [library] }, await loadTarget(name));
      return libraries![0]!.files.map(({ path }) => path);
    };
    expect((await filesOn('lx7-pie')).some((path) => path.endsWith('_esp32s3.S'))).toBe(true);
    for (const name of ['lx7', 'esp32s3']) expect(await filesOn(name)).toEqual(library.files.map(({ path }) => path));
  });

  it('is the folder that is given, else ESP_NN_PATH, else what the component manager fetched', () => {
    const managed = copyAt('project/managed_components/espressif__esp-nn', '1.2.6');
    const projects = [join(work.path, 'project')];
    expect(findEspNn({ env: {}, projects })).toEqual(readEspNn(managed));
    const named = copyAt('named', '1.3.0');
    const env = { ESP_NN_PATH: named };
    expect(findEspNn({ env, projects })).toMatchObject({ name: 'esp-nn', version: '1.3.0', law: 'tflite-double' });
    expect(findEspNn({ given: copyAt('given', '2.0.0'), env, projects })!.version).toBe('2.0.0');
    expect(findEspNn({ env: { ESP_NN_PATH: '' }, projects: [work.path] })).toBeUndefined();
  });

  it('is hashed with the assembly of the chips, which is not built here', () => {
    const at = copyAt('hashed', '1.2.6');
    const before = readEspNn(at);
    writeFileSync(join(at, 'src/deep/esp_nn_add_esp32s3.S'), 'ee.vadds.s8 q0, q1, q2\n');
    const after = readEspNn(at);
    expect(after.sha256).not.toBe(before.sha256);
    expect(after.files).toEqual(before.files);
    expect(after.files.map(({ path }) => path)).toEqual(['include/esp_nn.h', 'src/deep/esp_nn_add_ansi.c']);
  });

  it('is refused with known faults, without a version, or when it is none', () => {
    expect(codeOf(() => readEspNn(copyAt('old', '1.2.3')))).toBe('NC0614');
    expect(codeOf(() => readEspNn(copyAt('nameless', 'main')))).toBe('NC0614');
    expect(codeOf(() => readEspNn(work.path))).toBe('NC0611');
    expect(['1.2.5', '1.2.6', '1.2.10', '1.10.0', '2.0.0', '0.9.9'].filter(isGood)).toEqual([
      '1.2.6',
      '1.2.10',
      '1.10.0',
      '2.0.0',
    ]);
  });
});
