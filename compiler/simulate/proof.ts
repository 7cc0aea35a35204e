/** A chip that no simulator here runs: its C is run on another target of the same instruction set. */
import type { Compilation } from '../compilation.js';
import type { Target } from '../ir/target.js';
import { loadTarget, simulatedTarget } from '../targets.js';

/** The target whose compiler and simulator run the C of `target`; kernels and alignment stay the chip's. */
export async function proofTarget(target: Target): Promise<Target> {
  if (target.proof === undefined) return target;
  const { name, description, features, alignment, proof, labwired } = target;
  const runs = await loadTarget(proof.target);
  return { ...runs, name, description, features, alignment, proof, ...(labwired === undefined ? {} : { labwired }) };
}

/** The compilation as it can be run, with a note where that is not on the chip's own simulator. */
export async function onProof(compilation: Compilation): Promise<Compilation> {
  const { proof, name } = compilation.target;
  if (proof === undefined || compilation.options.simulator === 'board') return compilation;
  const onChip = compilation.options.simulator === 'labwired';
  if (onChip) return { ...compilation, target: simulatedTarget(await proofTarget(compilation.target), 'labwired') };
  const note = {
    code: 'NC0704',
    severity: 'note',
    message: `the C for ${name} is run on ${proof.target}`,
    because: `not proven here: ${proof.leavesOut}`,
    help: 'the firmware checks every call on the chip itself: main/calls_test.c of the project',
  } as const;
  const target = await proofTarget(compilation.target);
  return { ...compilation, target, diagnostics: [...compilation.diagnostics, note] };
}
