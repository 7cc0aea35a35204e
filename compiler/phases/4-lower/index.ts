/** Asks every operator which kernel it wants on this target. */
import type { CompileOptions } from '../../compilation.js';
import { Diagnostics, fail } from '../../diagnostics/diagnostic.js';
import type { ExcludedKernel } from '../../ir/excluded.js';
import { consumers, type Graph, type Node } from '../../ir/graph.js';
import { isMerge } from '../../ir/guards.js';
import type { KernelCall, KernelFamily, Program, View } from '../../ir/kernel-call.js';
import type { Target } from '../../ir/target.js';
import { predictInstructions } from '../../kernels/cost.js';
import type { KernelOption, LayerForm, LowerContext, Lowered, LoweredCall } from '../../ops/define.js';
import { behaviourOf, operatorOf } from '../../ops/index.js';
import { viewNode } from '../../ops/node-view.js';
import type { TunedLayer } from '../../tune/tuned-layer.js';
import { familyOf } from '../../vendor/default-library.js';
import type { LibraryName } from '../../vendor/library.js';
import { joinBranches, namesInProgram } from './branches.js';
import { type Choice, chooseKernel, explained, fittingKernels, reasonAgainst } from './choice.js';
import { shareRows } from './share-rows.js';

/** Families that `--kernels` allows, best first: the portable one always fits, so it closes each list. */
function allowedFamilies(options: CompileOptions, target: Target): readonly KernelFamily[] {
  switch (familyOf(options, target)) {
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

/** @throws CompileError NC0612 */
function requireLibrary({ kernels = 'auto', libraries = [] }: CompileOptions): void {
  if (kernels === 'auto' || !isVendor(kernels) || libraries.some(({ name }) => name === kernels)) return;
  fail({
    code: 'NC0612',
    message: `kernels of ${kernels} are asked for, and no copy of it is given`,
    expected: 'a library of that name in CompileOptions.libraries',
    help: 'the command line finds it by its options and environment: docs/VENDOR-KERNELS.md',
  });
}

/**
 * One kernel call, or views, for each node. Among the kernels of the allowed families the first that fits is taken; why
 * others were passed over is kept in the call's `reason`.
 */
export function lower(graph: Graph, target: Target, options: CompileOptions, diagnostics: Diagnostics): Program {
  const families = allowedFamilies(options, target);
  requireLibrary(options);
  const features = new Set(target.features);
  const lowered: { node: Node; own?: LoweredCall }[] = [];
  const views: View[] = [];
  const readers = consumers(graph);
  const tuned = new Map((options.tune ?? []).map((layer) => [layer.output, layer]));
  for (const node of graph.nodes) {
    if (isMerge(node)) {
      lowered.push({ node });
      continue;
    }
    const context = contextOf(graph, node, features, options, diagnostics);
    const names = namesInProgram(node.outputs[0]!, readers);
    const wishes = {
      tuned: names.map((name) => tuned.get(name)).find((layer) => layer !== undefined),
      excluded: (options.excluded ?? []).filter((each) => names.includes(each.output)),
    };
    const result = diagnostics.collect(() => lowerNode(node, context, families, wishes));
    if (result === undefined) continue;
    if ('call' in result) lowered.push({ node, own: result });
    else views.push(...result.views);
  }
  const shared = shareRows(shareFunctions(lowered.flatMap(({ own }) => own ?? [])), graph);
  let next = 0;
  const calls = lowered.map(({ node, own }) =>
    own === undefined ? { node } : { node, call: withPrediction(shared[next++]!, graph, target) },
  );
  return joinBranches(graph, calls, views);
}

/** Whether the node of a lowered graph with this first output has a kernel that is not among these. */
export function hasKernelBesides(
  excluded: readonly ExcludedKernel[],
  output: string,
  graph: Graph,
  target: Target,
  options: CompileOptions,
): boolean {
  const diagnostics = new Diagnostics();
  const node = graph.nodes.find(({ outputs }) => outputs[0] === output)!;
  const context = contextOf(graph, node, new Set(target.features), options, diagnostics);
  const wishes = { tuned: undefined, excluded: excluded.filter((each) => each.output === output) };
  return diagnostics.collect(() => lowerNode(node, context, allowedFamilies(options, target), wishes)) !== undefined;
}

/** The calls that other kernels of the same family would make of a lowered call's node, as the operator's list has them. */
export function alternativesOf(
  call: KernelCall,
  graph: Graph,
  target: Target,
  options: CompileOptions,
): readonly KernelCall[] {
  const families = allowedFamilies(options, target).filter((family) => family === call.family);
  const context = contextOf(graph, call.node, new Set(target.features), options, new Diagnostics());
  return offered(context, families)
    .filter((kernel) => reasonAgainst(kernel, context, families) === undefined)
    .flatMap((kernel) => {
      const lowered = kernel.build(context);
      return 'call' in lowered ? [withPrediction(lowered.call, graph, target)] : [];
    })
    .filter((other) => other.function !== call.function);
}

/** The kernels that fit each node of a lowered graph and that `--kernels` allows, by the node's first output. */
export function candidatesOf(
  graph: Graph,
  target: Target,
  options: CompileOptions,
): ReadonlyMap<string, readonly string[]> {
  const families = allowedFamilies(options, target);
  const features = new Set(target.features);
  return new Map(
    graph.nodes
      .filter((node) => !isMerge(node))
      .map((node): [string, readonly string[]] => {
        const context = contextOf(graph, node, features, options, new Diagnostics());
        return [node.outputs[0]!, fittingKernels(offered(context, families), context, families)];
      }),
  );
}

/** Kernels of a vendor are not even mentioned where nobody asked for that vendor, nor those for layers of another form. */
function offered(context: LowerContext, families: readonly KernelFamily[]): readonly KernelOption[] {
  const kernels = operatorOf(context.node).kernels ?? [];
  const form = formOf(context);
  return kernels.filter(({ family, takes }) => takes === form && (!isVendor(family) || families.includes(family)));
}

/** Undefined: float32 or bytes, or an operator whose kernels look at the types themselves. */
function formOf({ node, input }: LowerContext): LayerForm | undefined {
  const behaviour = behaviourOf(node);
  if (behaviour !== 'integer' && behaviour !== 'table') return undefined;
  const x = input(0);
  return x?.dtype === 'int16' && x.quantization !== undefined ? 'int16' : undefined;
}

function isVendor(family: KernelFamily): family is LibraryName {
  return family === 'cmsis-nn' || family === 'esp-nn';
}

function contextOf(
  graph: Graph,
  node: Node,
  features: LowerContext['features'],
  { optimize = 'balanced', libraries = [] }: CompileOptions,
  diagnostics: Diagnostics,
): LowerContext {
  return {
    ...viewNode(graph, node, operatorOf(node)),
    features,
    diagnostics,
    optimize,
    libraries,
  };
}

/** What is known of one layer's kernels. */
interface Wishes {
  readonly tuned: TunedLayer | undefined;
  readonly excluded: readonly ExcludedKernel[];
}

/** Calls name the function that was generated, which the option does not know: an excluded one is chosen again without its option. */
function lowerNode(
  node: Node,
  context: LowerContext,
  families: readonly KernelFamily[],
  { tuned, excluded }: Wishes,
): Lowered {
  const found: string[] = [];
  let kernels = offered(context, families);
  for (;;) {
    const choice = chooseKernel(kernels, context, families, tuned);
    if (choice.kernel === undefined) return noKernel(node, [...choice.refused, ...found]);
    const lowered = choice.kernel.build(context);
    if (!('call' in lowered)) return lowered;
    const against = excluded.find(({ kernel }) => kernel === lowered.call.function);
    if (against === undefined) return chosen(lowered, { ...choice, refused: [...choice.refused, ...found] }, excluded);
    found.push(`not ${against.kernel}: ${against.because}`);
    kernels = kernels.filter((kernel) => kernel !== choice.kernel);
  }
}

/** With its reason, and without a more general function that is excluded here. */
function chosen(lowered: LoweredCall, choice: Choice, excluded: readonly ExcludedKernel[]): LoweredCall {
  const { call, general } = lowered;
  const isExcluded = excluded.some(({ kernel }) => kernel === general?.function);
  return explained(isExcluded ? { call } : lowered, choice);
}

function noKernel(node: Node, refused: readonly string[]): never {
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

function withPrediction(call: KernelCall, graph: Graph, target: Target): KernelCall {
  const instructions = predictInstructions(call, graph, target);
  return instructions === undefined ? call : { ...call, predicted: { instructions } };
}

/** One function less where a more general one is there already. */
function shareFunctions(lowered: readonly LoweredCall[]): KernelCall[] {
  const functions = new Set(lowered.map(({ call }) => call.function));
  return lowered.map(({ call, general }) =>
    general !== undefined && functions.has(general.function) ? general.build() : call,
  );
}
