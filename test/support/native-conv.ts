/** Checks of native kernels of Conv: lowered by one option, run on the host and in the simulator, compared byte by byte. */
import { expect } from 'vitest';
import { Diagnostics } from '../../compiler/diagnostics/diagnostic.js';
import type { Feature } from '../../compiler/ir/target.js';
import type { KernelOption, LowerContext } from '../../compiler/ops/define.js';
import { operatorOf } from '../../compiler/ops/index.js';
import { viewNode } from '../../compiler/ops/node-view.js';
import { loadTarget } from '../../compiler/targets.js';
import { type ConvSpec, convCase } from './conv-case.js';
import type { Random } from './random.js';
import { type CallCase, runCalls, runCallsOnTarget } from './run-call.js';

export interface NativeCase {
  readonly case: CallCase;
  readonly expected: Int8Array;
}

/** Undefined where the option refuses the convolution. */
export function lowered(
  spec: ConvSpec,
  random: Random,
  option: KernelOption,
  optimize: LowerContext['optimize'] = 'balanced',
): NativeCase | undefined {
  const { graph, node, inputs, expected } = convCase(spec, random);
  const view = viewNode(graph, node, operatorOf(node));
  const features: ReadonlySet<Feature> = new Set(option.needs ?? []);
  const context = { ...view, features, diagnostics: new Diagnostics(), optimize };
  if (option.when!(context) !== true) return undefined;
  const built = option.build(context);
  if (!('call' in built)) throw new Error('views for a convolution');
  return { case: { call: built.call, graph, inputs }, expected: expected.data as Int8Array };
}

/** The C twin, under sanitizers. */
export async function checkOnHost(cases: readonly NativeCase[]): Promise<void> {
  const results = await runCalls(cases.map((c) => c.case));
  results.forEach((result, i) => {
    expect(result.get('y')!.data, cases[i]!.case.call.function).toEqual(cases[i]!.expected);
  });
}

/** @param shown with NANOC_SHOW, so many instruction counts are printed */
export async function checkOnTarget(cases: readonly NativeCase[], target: string, shown: number): Promise<void> {
  const results = await runCallsOnTarget(
    cases.map((c) => c.case),
    await loadTarget(target),
  );
  results.forEach((result, i) => {
    expect(result.values.get('y')!.data, cases[i]!.case.call.function).toEqual(cases[i]!.expected);
  });
  if (process.env.NANOC_SHOW === undefined) return;
  results.slice(0, shown).forEach(({ instructions }, i) => {
    const { call } = cases[i]!.case;
    console.log(call.function, instructions, (instructions / call.macs).toFixed(3));
  });
}
