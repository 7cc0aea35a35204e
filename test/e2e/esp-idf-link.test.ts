/**
 * The ESP-IDF project of the ESP32-S3 by Espressif's compiler, where that is in PATH: every source of component and main, ESP-NN's assembly and
 * nanoc's own vector kernels are assembled, and linked with stand-ins for ESP-IDF; run where the emulator with the vectors is, too.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModelFile } from '../../compiler/cli/model-file.js';
import type { EmittedFile } from '../../compiler/compilation.js';
import { compile, emitFiles } from '../../compiler/index.js';
import { simulatorFor } from '../../compiler/simulate/simulator.js';
import { loadTarget } from '../../compiler/targets.js';
import { buildFirmware, simulatorSupport } from '../../compiler/toolchain/build.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { withVectors } from '../../compiler/vendor/esp-nn.js';
import { librariesOf } from '../../compiler/vendor/linked.js';
import { simulatedTargets } from '../support/simulated-targets.js';
import { testedEspNn } from '../support/vendor-copies.js';
import { workFolder } from '../support/work-folder.js';

const work = workFolder();
const core = await loadTarget('lx7-pie');
const library = await testedEspNn();
const isSimulated = (await simulatedTargets()).includes(core.name);
const { compiler } = core.toolchain;
const isThere = spawnSync(compiler, ['--version'], { stdio: 'ignore' }).error === undefined;
if (!isThere) console.warn(`skipped: the project of esp32s3 by ${compiler}, which is not installed`);

/** Headers of ESP-IDF that main/ includes, and a program round app_main: its end is a good one where every call gives its bytes. */
const STAND_INS: readonly EmittedFile[] = [
  { path: 'idf/sdkconfig.h', content: '' },
  // Not every C library of the core has it; that of ESP-IDF does.
  {
    path: 'idf/inttypes.h',
    content: '#include_next <inttypes.h>\n#ifndef PRId64\n#define PRId64 "lld"\n#endif\n',
  },
  { path: 'idf/esp_attr.h', content: '#define EXT_RAM_BSS_ATTR\n' },
  { path: 'idf/esp_timer.h', content: '#include <stdint.h>\nint64_t esp_timer_get_time(void);\n' },
  { path: 'idf/freertos/FreeRTOS.h', content: '#include <stdint.h>\n#define pdMS_TO_TICKS(ms) (ms)\n' },
  { path: 'idf/freertos/task.h', content: 'void vTaskDelay(uint32_t ticks);\n' },
  {
    path: 'idf/start.c',
    content: `#include "calls_test.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "target/simulated.h"

void app_main(void);
void (*volatile const entry)(void) = app_main;

int64_t esp_timer_get_time(void) { return 0; }
void vTaskDelay(uint32_t ticks) { (void)ticks; }

int main(void) {
  static digits_t model;
  if (entry == 0 || digits_init(&model) != DIGITS_OK || digits_test_calls(&model) != 0u || digits_selftest(&model) != DIGITS_OK) {
    (void)semihost(0x18u, 0);
  }
  static const char name[] = "response.bin";
  const uint32_t write[3] = {(uint32_t)(uintptr_t)name, 5u, sizeof name - 1u};
  (void)semihost(0x01u, write);
  (void)semihost(0x18u, (const void *)0x20026u);
  return 0;
}
`,
  },
];

/** Assembles and links the project; where the emulator is, its own test of every call runs as well. */
async function linked(files: readonly EmittedFile[], folder: string, libraries: ReturnType<typeof librariesOf>) {
  const simulator = simulatorFor(core);
  const sources = files.filter(({ path }) => /\.[chS]$/.test(path));
  const build = await buildFirmware({
    ...{ target: core, libraries, directory: join(work.path, folder) },
    files: [...sources, ...STAND_INS, ...(await simulatorSupport(simulator))],
    includeDirectories: ['idf', 'main', 'components/digits', 'components/digits/runtime/include'],
    extraFlags: ['-Wno-missing-prototypes'],
  });
  expect(build.warnings).toBe('');
  if (isSimulated)
    expect((await simulator.attempt(build, new Uint8Array(), { timeoutMs: 60_000 })).failure).toBeUndefined();
  return build;
}

describe.skipIf(!isThere)('the project of esp32s3 assembles and links', () => {
  const model = () => readModelFile(join(packageRoot(), 'examples/digits/digits.onnx'));

  it('with the vector kernels of nanoc', { timeout: 120_000 }, async () => {
    const files = await emitFiles(await compile(model(), { target: 'esp32s3' }));
    expect(files.filter(({ content }) => content.includes('ee.vmulas.s8')).length).toBeGreaterThan(1);
    await linked(files, 'native', []);
    const spoilt = files.map((file) => ({ ...file, content: file.content.replaceAll('ee.vmulas.s8', 'ee.vmulas.s9') }));
    await expect(linked(spoilt, 'spoilt', [])).rejects.toThrow('NC0602');
  });

  it.skipIf(library === undefined)('with the assembly of ESP-NN', { timeout: 120_000 }, async () => {
    const compilation = await compile(model(), { target: 'esp32s3', kernels: 'esp-nn', libraries: [library!] });
    const libraries = librariesOf(compilation.plan.calls, [withVectors(library!)]);
    const { sources } = await linked(await emitFiles(compilation), 'esp-nn', libraries);
    expect(sources.filter((path) => path.endsWith('_esp32s3.S')).length).toBeGreaterThan(20);
  });
});
