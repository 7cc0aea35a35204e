/**
 * Finding the user's copy of ESP-NN: `--esp-nn DIR`, `espNn` of nanoc.json, ESP_NN_PATH, or what ESP-IDF's component manager fetched into
 * `managed_components/`. Without a copy calls are emitted for the pinned release all the same, and cannot be run here.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import type { Target } from '../ir/target.js';
import { ESP_NN, ESP_NN_REPOSITORY, FIRST_GOOD, isGood } from './esp-nn-release.js';
import type { Library } from './library.js';
import { hashed, readFiles } from './read-library.js';

export interface EspNnRequest {
  /** Of the command line or nanoc.json, absolute. */
  readonly given?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folders of projects, where `managed_components/` is looked for. */
  readonly projects?: readonly string[];
}

const MANAGED = ['managed_components/espressif__esp-nn', 'components/esp-nn'];
/** Sources of kernels for one chip: they count for the hash alone. */
const OF_A_CHIP = /_esp32\w+\.[cS]$/;
const HEADER = 'include/esp_nn.h';

/** The copy, or undefined when there is none. @throws CompileError NC0611 when what is given is none, NC0614 for a version with known faults */
export function findEspNn({ given, env, projects = [] }: EspNnRequest): Library | undefined {
  const named = given ?? (env.ESP_NN_PATH === '' ? undefined : env.ESP_NN_PATH);
  if (named !== undefined) return readEspNn(resolve(named));
  const managed = projects
    .flatMap((project) => MANAGED.map((place) => join(project, place)))
    .find((folder) => existsSync(join(folder, HEADER)));
  return managed === undefined ? undefined : readEspNn(managed);
}

/** @throws CompileError NC0611 when the folder holds no ESP-NN, NC0614 for a version with known faults */
export function readEspNn(folder: string): Library {
  const root = ['', 'esp_nn', 'esp-nn'].map((place) => join(folder, place)).find((at) => existsSync(join(at, HEADER)));
  if (root === undefined) {
    return fail({ code: 'NC0611', message: `"${folder}" is no copy of ESP-NN`, because: `it has no ${HEADER}` });
  }
  const files = readFiles(root, 'include', (path) => path.endsWith('.h'));
  if (existsSync(join(root, 'src'))) files.push(...readFiles(root, 'src', (path) => /\.[chS]$/.test(path)));
  const library = hashed({
    name: 'esp-nn',
    version: 'unknown',
    law: ESP_NN.law,
    // Without the macro of a chip: the generic kernels in C, which any core can run.
    defines: ESP_NN.defines,
    files,
    includeDirectories: ESP_NN.includeDirectories,
  });
  const version = library.sha256 === ESP_NN.sha256 ? ESP_NN.version : versionIn(root);
  if (version === undefined || !isGood(version)) return refuse(folder, version ?? 'an unknown version');
  // In a build here they take no part, and names of theirs are static functions of the generic kernels.
  const ofChips = files.filter(({ path }) => OF_A_CHIP.test(path));
  return { ...library, version, files: files.filter((file) => !ofChips.includes(file)), ofChips };
}

export function hasS3Vectors({ features }: Target): boolean {
  return features.includes('pie') && features.includes('xtensa');
}

/** The copy as the ESP32-S3 is given it, with its kernels for the vectors; any other library as it is. */
export function withVectors(library: Library): Library {
  if (library.name !== 'esp-nn') return library;
  const { ofChips = [], sha256: _, ...rest } = library;
  const files = [...library.files, ...ofChips.filter(({ path }) => /_esp32s3\.[cS]$/.test(path))];
  return hashed({ ...rest, defines: [...library.defines, 'CONFIG_IDF_TARGET_ESP32S3=1'], files, isWhole: true });
}

function versionIn(root: string): string | undefined {
  const manifest = join(root, 'idf_component.yml');
  if (!existsSync(manifest)) return undefined;
  return /^version:\s*["']?(\d+\.\d+\.\d+)/m.exec(readFileSync(manifest, 'utf8'))?.[1];
}

function refuse(folder: string, version: string): never {
  return fail(
    {
      code: 'NC0614',
      message: `ESP-NN ${version} in "${folder}" is not called`,
      expected: `${FIRST_GOOD} or newer`,
      because:
        'older versions drop padding (esp-nn#31), write beyond their scratch (#30) or misread unaligned inputs (#34, #21)',
      help: `git clone --branch v${ESP_NN.version} ${ESP_NN_REPOSITORY}`,
    },
    EXIT.usage,
  );
}
