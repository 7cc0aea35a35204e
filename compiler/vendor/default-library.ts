/** Which family of kernels a compilation asks for, and the libraries that it then has. */
import type { CompileOptions } from '../compilation.js';
import type { KernelFamily } from '../ir/kernel-call.js';
import type { Target } from '../ir/target.js';
import { hasS3Vectors, withVectors } from './esp-nn.js';
import { ESP_NN } from './esp-nn-release.js';

/** What `--kernels` says, or the target's default. */
export function familyOf({ kernels = 'auto' }: Pick<CompileOptions, 'kernels'>, target: Target): 'auto' | KernelFamily {
  return kernels === 'auto' ? (target.kernels ?? 'auto') : kernels;
}

/**
 * The libraries as the target has them: with the pinned release of ESP-NN where a project of ESP-IDF calls it, which fetches it, and no copy
 * is given; with the kernels for the vectors of the ESP32-S3 where the program itself is to execute them.
 */
export function fittingLibraries(options: CompileOptions, target: Target): CompileOptions {
  const { libraries = [] } = options;
  if (target.qemu !== undefined && hasS3Vectors(target)) {
    return options.libraries === undefined ? options : { ...options, libraries: libraries.map(withVectors) };
  }
  const wanted = target.espIdf !== undefined && familyOf(options, target) === 'esp-nn';
  if (!wanted || libraries.some(({ name }) => name === 'esp-nn')) return options;
  return { ...options, libraries: [...libraries, ESP_NN] };
}
