/** Which family of kernels a compilation asks for, and the library that it then has even without a copy. */
import type { CompileOptions } from '../compilation.js';
import type { KernelFamily } from '../ir/kernel-call.js';
import type { Target } from '../ir/target.js';
import { ESP_NN } from './esp-nn-release.js';

/** What `--kernels` says, or the target's default. */
export function familyOf({ kernels = 'auto' }: Pick<CompileOptions, 'kernels'>, target: Target): 'auto' | KernelFamily {
  return kernels === 'auto' ? (target.kernels ?? 'auto') : kernels;
}

/** With the pinned release of ESP-NN where a project of ESP-IDF calls it, which fetches it, and no copy is given. */
export function withDefaultLibrary(options: CompileOptions, target: Target): CompileOptions {
  const { libraries = [] } = options;
  const wanted = target.espIdf !== undefined && familyOf(options, target) === 'esp-nn';
  if (!wanted || libraries.some(({ name }) => name === 'esp-nn')) return options;
  return { ...options, libraries: [...libraries, ESP_NN] };
}
