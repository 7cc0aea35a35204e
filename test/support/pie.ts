/** What the tests of kernels for the vectors of the ESP32-S3 share; all of it asks for the tools of the target lx7-pie. */
import { callSources } from '../../compiler/simulate/call-program.js';
import { INCLUDE_DIRECTORIES } from '../../compiler/simulate/program.js';
import { loadTarget } from '../../compiler/targets.js';
import { compileSources } from '../../compiler/toolchain/build.js';
import { withTemporaryFolder } from '../../compiler/toolchain/temporary.js';
import { checkOnTarget, type NativeCase } from './native-conv.js';

/** Cases whose constants the memory of lx7-pie holds. */
const AT_A_TIME = 250;

/** checkOnTarget, in as many programs as it takes. */
export async function checkOnVectors(cases: readonly NativeCase[], shown: number): Promise<void> {
  for (let from = 0; from < cases.length; from += AT_A_TIME) {
    await checkOnTarget(cases.slice(from, from + AT_A_TIME), 'lx7-pie', from === 0 ? shown : 0);
  }
}

/** Compiles the kernels without optimization, where a frame pointer takes a register from the assembly. */
export async function compileUnoptimized(cases: readonly NativeCase[]): Promise<void> {
  const target = { ...(await loadTarget('lx7-pie')), optimization: ['-O0'] };
  const files = callSources(cases.map((c) => c.case));
  await withTemporaryFolder('nanoc-pie-', async (directory) => {
    await compileSources({ target, directory, files, includeDirectories: INCLUDE_DIRECTORIES });
  });
}
