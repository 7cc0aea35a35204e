/** Which kernel runs a node: the order of the operator's list, unless `nanoc tune` has measured another one as faster. */
import type { KernelCall, KernelFamily } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext, LoweredCall } from '../../ops/define.js';
import type { TunedLayer } from '../../tune/tuned-layer.js';

export interface Choice {
  /** Absent when no kernel fits. */
  readonly kernel?: KernelOption;
  /** Why those before it in the list were passed over. */
  readonly refused: readonly string[];
  /** What the table of `nanoc tune` had to do with it, a line for the report. */
  readonly tuned?: string;
}

/** The first kernel that fits; the tuned one where there is a measurement and it still fits. */
export function chooseKernel(
  kernels: readonly KernelOption[],
  context: LowerContext,
  families: readonly KernelFamily[],
  tuned: TunedLayer | undefined,
): Choice {
  const measured = kernels.find(
    (kernel) =>
      kernel.function === tuned?.kernel &&
      fittingKernels(kernels, context, families).includes(kernel.function) &&
      reasonAgainst(kernel, context, families) === undefined,
  );
  if (measured !== undefined) return { kernel: measured, refused: [], tuned: textOf(tuned!) };
  const refused: string[] = [];
  for (const kernel of kernels) {
    const refusal = reasonAgainst(kernel, context, families);
    if (refusal === undefined) {
      const stale = tuned === undefined ? {} : { tuned: `tuned: ${tuned.kernel} does not fit here any more` };
      return { kernel, refused, ...stale };
    }
    refused.push(`not ${kernel.function}: ${refusal}`);
  }
  return { refused };
}

/**
 * Names of all kernels that fit, in the order of the list, each once. A kernel without conditions is what is left when no other
 * fits (the float kernel behind the quantized ones), so it is no candidate beside others.
 */
export function fittingKernels(
  kernels: readonly KernelOption[],
  context: LowerContext,
  families: readonly KernelFamily[],
): readonly string[] {
  const fitting = kernels.filter((kernel) => reasonAgainst(kernel, context, families) === undefined);
  const chosen = fitting.some(isConditional) ? fitting.filter(isConditional) : fitting.slice(0, 1);
  return [...new Set(chosen.map((kernel) => kernel.function))];
}

function isConditional({ when, needs }: KernelOption): boolean {
  return when !== undefined || needs !== undefined;
}

/** `tuned: nanoc_a, measured at 100 instructions; nanoc_b took 120` */
function textOf({ kernel, candidates }: TunedLayer): string {
  const chosen = candidates.find((candidate) => candidate.kernel === kernel);
  const measured = chosen === undefined ? '' : `, measured at ${chosen.instructions} instructions`;
  const others = candidates
    .filter((candidate) => candidate !== chosen)
    .map((candidate) => `; ${candidate.kernel} took ${candidate.instructions}`);
  return `tuned: ${kernel}${measured}${others.join('')}`;
}

/** The same call with the reason of the choice, and a remark where it was measured. */
export function explained(lowered: LoweredCall, { refused, tuned }: Choice): LoweredCall {
  if (refused.length === 0 && tuned === undefined) return lowered;
  const add = (call: KernelCall): KernelCall => ({
    ...call,
    ...(refused.length === 0 ? {} : { reason: refused.join('; ') }),
    ...(tuned === undefined ? {} : { remarks: [...(call.remarks ?? []), tuned] }),
  });
  const { call, general } = lowered;
  if (general === undefined) return { call: add(call) };
  return { call: add(call), general: { function: general.function, build: () => add(general.build()) } };
}

/** Why a kernel does not fit, or undefined. */
export function reasonAgainst(
  kernel: KernelOption,
  context: LowerContext,
  families: readonly KernelFamily[],
): string | undefined {
  if (!families.includes(kernel.family)) return `--kernels leaves the ${kernel.family} family out`;
  const missing = (kernel.needs ?? []).filter((feature) => !context.features.has(feature));
  if (missing.length > 0) return `the core has no ${missing.join(', ')}`;
  const fits = kernel.when?.(context) ?? true;
  return fits === true ? undefined : fits;
}
