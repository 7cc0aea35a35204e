/** Which libraries the calls of a program need, and which of their sources. */
import type { Compilation } from '../compilation.js';
import type { KernelCall } from '../ir/kernel-call.js';
import { type Library, type LinkedLibrary, sourcesOf } from './library.js';

export function linkedLibraries({ plan, options }: Compilation): LinkedLibrary[] {
  return librariesOf(plan.calls, options.libraries ?? []);
}

/** In the order of `libraries`; those that no call needs are left out. */
export function librariesOf(calls: readonly KernelCall[], libraries: readonly Library[]): LinkedLibrary[] {
  return libraries.flatMap((library) => {
    const functions = calls.flatMap(({ vendor }) => (vendor?.library === library.name ? vendor.functions : []));
    return functions.length === 0 ? [] : [{ library, sources: sourcesOf(library, functions) }];
  });
}
