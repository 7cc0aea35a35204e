/** A chip that no simulator here runs: its C is run on another target of the same instruction set. */
import type { Compilation } from '../compilation.js';
import { CompileError } from '../diagnostics/diagnostic.js';
import type { Proof, SimulatorName, Target } from '../ir/target.js';
import { loadTarget, simulatedTarget } from '../targets.js';
import { buildFirmware, simulatorSupport } from '../toolchain/build.js';
import { withTemporaryFolder } from '../toolchain/temporary.js';
import { withVectors } from '../vendor/esp-nn.js';
import { simulatorFor } from './simulator.js';

/** Where the C of a chip is run on this computer; undefined for a target that has a simulator of its own. */
export async function proofOf({ proof }: Target): Promise<Proof | undefined> {
  if (proof?.better === undefined) return proof;
  const { better, ...always } = proof;
  return (await hasTools(await loadTarget(better.target))) ? better : always;
}

/** Whether no registry brings the tools of a target: they cannot be asked for, in CI either. */
export function isOfVendor({ toolchain }: Target): boolean {
  return toolchain.install !== undefined;
}

const usable = new Map<string, Promise<boolean>>();

/** Whether the compiler and the simulator of a target are installed, and a program of its core runs; asked once. */
export function hasTools(target: Target): Promise<boolean> {
  const known = usable.get(target.name) ?? runsProbe(target);
  usable.set(target.name, known);
  return known;
}

/** Executes an instruction of the vectors, where there are some: a simulator may know the core and give it no registers for them. */
const PROBE = `#include "target/simulated.h"

int main(void) {
#if defined(CONFIG_IDF_TARGET_ESP32S3)
  __asm__ volatile("ee.zero.q q0");
#endif
  static const char name[] = "response.bin";
  const uint32_t write[3] = {(uint32_t)(uintptr_t)name, 5u, sizeof name - 1u};
  (void)semihost(0x01u, write);
  (void)semihost(0x18u, (const void *)0x20026u);
  return 0;
}
`;

async function runsProbe(target: Target): Promise<boolean> {
  const simulator = simulatorFor(target);
  try {
    const files = [...(await simulatorSupport(simulator)), { path: 'main.c', content: PROBE }];
    return await withTemporaryFolder('nanoc-probe-', async (directory) => {
      const build = await buildFirmware({ target, directory, files });
      const { failure } = await simulator.attempt(build, new Uint8Array(), { timeoutMs: PROBE_MS });
      return failure === undefined;
    });
  } catch (error) {
    if (error instanceof CompileError) return false;
    throw error;
  }
}

/** A simulator that starts at all ends the program at once. */
const PROBE_MS = 10_000;

/**
 * The target whose compiler and simulator run the C of `target`; kernels and alignment stay the chip's.
 * @param simulator with labwired it is the compiler that always is there
 */
export async function proofTarget(target: Target, simulator?: SimulatorName): Promise<Target> {
  const proof = simulator === 'labwired' ? target.proof : await proofOf(target);
  if (proof === undefined) return target;
  const { name, description, features, alignment, labwired } = target;
  const runs = await loadTarget(proof.target);
  return { ...runs, name, description, features, alignment, proof, ...(labwired === undefined ? {} : { labwired }) };
}

/** The compilation as it can be run, with a note where that is not on the chip's own simulator. */
export async function onProof(compilation: Compilation): Promise<Compilation> {
  const { options, diagnostics } = compilation;
  if (compilation.target.proof === undefined || options.simulator === 'board') return compilation;
  const target = await proofTarget(compilation.target, options.simulator);
  if (options.simulator === 'labwired') return { ...compilation, target: simulatedTarget(target, 'labwired') };
  const proof = target.proof!;
  const note = {
    code: 'NC0704',
    severity: 'note',
    message: `the C for ${target.name} is run on ${proof.target}`,
    because: `not proven here: ${proof.leavesOut}`,
    help: 'the firmware checks every call on the chip itself: main/calls_test.c of the project',
  } as const;
  const libraries = proof.runsVectors === true ? options.libraries?.map(withVectors) : options.libraries;
  return {
    ...compilation,
    target,
    options: { ...options, ...(libraries === undefined ? {} : { libraries }) },
    diagnostics: [...diagnostics, note],
  };
}
