/** Asks every operator which kernel it wants on this target. */
import type { CompileOptions } from '../../compilation.js';
import { type Diagnostics, fail } from '../../diagnostics/diagnostic.js';
import type { Graph, Node } from '../../ir/graph.js';
import type { KernelCall, KernelFamily, Program, View } from '../../ir/kernel-call.js';
import type { Target } from '../../ir/target.js';
import type { KernelOption, LowerContext, LoweredCall } from '../../ops/define.js';
import { operatorOf } from '../../ops/index.js';
import { viewNode } from '../../ops/node-view.js';

/** Families that `--kernels` allows, best first: the portable one always fits, so it closes each list. */
function allowedFamilies(kernels: CompileOptions['kernels']): readonly KernelFamily[] {
  switch (kernels ?? 'auto') {
    case 'auto':
    case 'native':
      return ['native', 'portable'];
    case 'portable':
      return ['portable'];
    case 'cmsis-nn':
      return ['cmsis-nn', 'native', 'portable'];
    case 'esp-nn':
      return ['esp-nn', 'native', 'portable'];
  }
}

/**
 * One kernel call, or views, for each node. Among the kernels of the allowed families the first that fits is taken; why
 * others were passed over is kept in the call's `reason`.
 */
export function lower(graph: Graph, target: Target, options: CompileOptions, diagnostics: Diagnostics): Program {
  const families = allowedFamilies(options.kernels);
  const features = new Set(target.features);
  const calls: LoweredCall[] = [];
  const views: View[] = [];
  for (const node of graph.nodes) {
    const { optimize = 'balanced' } = options;
    const context: LowerContext = { ...viewNode(graph, node, operatorOf(node)), features, diagnostics, optimize };
    const lowered = diagnostics.collect(() => lowerNode(node, context, families));
    if (lowered === undefined) continue;
    if ('call' in lowered) calls.push(lowered);
    else views.push(...lowered.views);
  }
  return { graph, calls: shareFunctions(calls), views };
}

function lowerNode(node: Node, context: LowerContext, families: readonly KernelFamily[]) {
  const kernels = operatorOf(node).kernels ?? [];
  const refused: string[] = [];
  for (const kernel of kernels) {
    const refusal = reasonAgainst(kernel, context, families);
    if (refusal === undefined) {
      const lowered = kernel.build(context);
      if (!('call' in lowered) || refused.length === 0) return lowered;
      return withReason(lowered, refused.join('; '));
    }
    refused.push(`not ${kernel.function}: ${refusal}`);
  }
  return fail({
    code: 'NC0320',
    message: `no kernel runs ${node.op}`,
    node: `"${node.name}" (${node.op})`,
    because:
      refused.length === 0
        ? 'the operator is only understood where it can be computed at compile time'
        : refused.join('\n'),
    help: '`nanoc ops` shows what each operator supports',
  });
}

function withReason({ call, general }: LoweredCall, reason: string): LoweredCall {
  const reasoned = (each: KernelCall): KernelCall => ({ ...each, reason });
  if (general === undefined) return { call: reasoned(call) };
  return { call: reasoned(call), general: { function: general.function, build: () => reasoned(general.build()) } };
}

/** One function less where a more general one is there already. */
function shareFunctions(lowered: readonly LoweredCall[]): KernelCall[] {
  const functions = new Set(lowered.map(({ call }) => call.function));
  return lowered.map(({ call, general }) =>
    general !== undefined && functions.has(general.function) ? general.build() : call,
  );
}

function reasonAgainst(
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
