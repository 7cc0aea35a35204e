/** The release of ESP-NN that was tested, as a library without its files: what the emitted project pins where there is no copy here. */
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import type { Library, LinkedLibrary } from './library.js';

export const ESP_NN_REPOSITORY = 'https://github.com/espressif/esp-nn.git';
export const ESP_NN_COMMIT = 'c0876179f1cf4b4b9073b4f81cb65c8051ccb476';

/** The first release with what nanoc's conditions were read from. */
export const FIRST_GOOD = '1.2.6';

export const ESP_NN: Library = {
  name: 'esp-nn',
  version: '1.2.6',
  // Of its headers and sources, assembly included, as `hashed` makes it.
  sha256: 'f7c2772e5663866879d6dc19f352ced01de4dd35c9e1a1fe8878a55e52fc7a00',
  law: 'tflite-double',
  defines: ['CONFIG_NN_OPTIMIZED=1'],
  files: [],
  includeDirectories: ['include', 'src/common'],
};

/** Whether a version `a.b.c` is the first good one or newer. */
export function isGood(version: string): boolean {
  const [a, b] = [version, FIRST_GOOD].map((text) => text.split('.').map(Number));
  const differing = a!.findIndex((part, i) => part !== b![i]);
  return differing < 0 || a![differing]! > b![differing]!;
}

/** @throws CompileError NC0613 when a library that is to be compiled is not here */
export function requireFiles(libraries: readonly LinkedLibrary[]): void {
  const absent = libraries.find(({ library }) => library.files.length === 0);
  if (absent === undefined) return;
  const { version } = absent.library;
  fail(
    {
      code: 'NC0613',
      message: `the C calls ESP-NN ${version}, of which there is no copy here, so it cannot be run`,
      expected: '--esp-nn DIR, ESP_NN_PATH, or managed_components/espressif__esp-nn',
      help: `git clone --branch v${version} ${ESP_NN_REPOSITORY}, and give --esp-nn esp-nn; or give --kernels native, which needs none`,
    },
    EXIT.missingTool,
  );
}
