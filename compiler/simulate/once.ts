/** Programs that take one stimulus, give one response, and are gone: a model or several, with a `main` made for the purpose. */
import type { EmittedFile } from '../compilation.js';
import type { BuildRequest } from '../toolchain/build.js';
import { buildHarness, withFolder } from './program.js';
import type { RunLimits, Simulator } from './simulator.js';

/** What is compiled; the simulator brings its own part. */
export type OnceRequest = Pick<BuildRequest, 'target' | 'libraries' | 'sanitize' | 'extraFlags'> & {
  readonly simulator: Simulator;
  readonly files: readonly EmittedFile[];
};

/** @returns the response @throws CompileError NC0601, NC0602, NC0705 and what `Simulator.run` throws */
export async function runOnce(
  { simulator, ...request }: OnceRequest,
  stimulus: Uint8Array,
  limits: RunLimits,
): Promise<Uint8Array> {
  const { signal } = limits;
  return withFolder(undefined, async (directory) => {
    const build = await buildHarness(simulator, {
      ...{ ...request, directory },
      ...(signal === undefined ? {} : { signal }),
    });
    return simulator.run(build, stimulus, limits);
  });
}
