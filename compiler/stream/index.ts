/**
 * `--stream`: from a model that computes a window of rows at once (audio frames, samples of a sensor) the model of one step, which takes
 * the newest rows and keeps in states what earlier steps have computed. It works on the reference graph, so that the reference
 * evaluator, every kernel and `nanoc verify` serve the step as any other model with state. docs/STREAMING.md
 */
import { type Diagnostics, fail } from '../diagnostics/diagnostic.js';
import { GraphEditor } from '../ir/builders.js';
import { type Graph, type Node, valueOf } from '../ir/graph.js';
import { foldPads } from '../phases/3-rewrite/fold-pads.js';
import { slideCaches } from '../phases/3-rewrite/slide-caches.js';
import { shorten } from '../report/format.js';
import { type Analysis, analyse } from './analyse.js';
import { needsOf } from './needs.js';
import type { StreamOptions, StreamPads } from './options.js';
import type { Rows } from './rows.js';
import { stepGraph } from './step-graph.js';

/** Columns of a node's name in messages that list several. */
const NAME_WIDTH = 60;

/** What a streamed compilation came from; its reference graph is the step's. */
export interface Streamed {
  /** The reference graph of the model as it was given: a window at once. */
  readonly original: Graph;
  readonly input: string;
  /** Time in the model's input. */
  readonly axis: number;
  /** Rows of the input that a step takes. */
  readonly hop: number;
  /** Rows of the input in a window. */
  readonly window: number;
  readonly pads: StreamPads;
  /** Steps that make up a window. */
  readonly stepsOfWindow: number;
  /** Steps after a reset whose outputs are not those of a window, since rows are missing. */
  readonly warmUpSteps: number;
  /** Outputs that are rows along time: a step gives the newest ones, as many as `hop` says. */
  readonly outputs: ReadonlyMap<string, StreamedOutput>;
}

export interface StreamedOutput {
  readonly axis: number;
  /** Rows of a step. */
  readonly hop: number;
  /** They are the newest rows of every window; with `pads: 'history'` padding may reach them there, and then only the first window has them. */
  readonly inWindows: boolean;
}

/**
 * @param original a reference graph without states
 * @returns the graph of one step, with its states bound, and where it came from
 * @throws CompileError NC0240, NC0241
 */
export function streamed(
  original: Graph,
  options: StreamOptions,
  diagnostics: Diagnostics,
): { readonly graph: Graph; readonly streamed: Streamed } {
  const input = inputOf(original);
  const editor = new GraphEditor(original);
  foldPads.run(editor, diagnostics);
  const graph = editor.finish();
  const analysis = analysed(graph, input, options);
  const { hop, window, history, rows } = analysis;
  const { axis } = rows.get(input)!;
  const alone = history ? analyse(graph, input, axis, hop, false) : analysis;
  const outputs = new Map(
    original.outputs.flatMap((name) => {
      const found = rows.get(name);
      if (found === undefined) return [];
      const inWindows = !history || newestAreUntouched(alone.rows.get(name));
      return [[name, { axis: found.axis, hop: found.hop, inWindows }] as const];
    }),
  );
  const fromReset = history && analysis.whole.size === 0;
  const result: Streamed = {
    original,
    input,
    axis,
    hop,
    window,
    pads: history ? 'history' : 'window',
    stepsOfWindow: Math.ceil(window / hop),
    warmUpSteps: fromReset ? 0 : Math.ceil(window / hop) - 1,
    outputs,
  };
  const step = slid(stepGraph(graph, analysis), diagnostics);
  describe(graph, analysis, result, diagnostics);
  return { graph: step, streamed: result };
}

/** States of several blocks (time is not outermost) are moved on in place. */
function slid(step: Graph, diagnostics: Diagnostics): Graph {
  const editor = new GraphEditor(step);
  slideCaches.run(editor, diagnostics);
  return editor.finish();
}

function newestAreUntouched(rows: Rows | undefined): boolean {
  return rows !== undefined && rows.end === rows.length && rows.first <= rows.length - rows.hop;
}

function inputOf({ inputs, states }: Graph): string {
  if (states.length > 0)
    return fail({
      code: 'NC0240',
      message: '--stream makes the states itself, and the model has some',
      help: 'leave out --stream: a model with state is streaming already',
    });
  if (inputs.length !== 1)
    return fail({
      code: 'NC0240',
      message: `--stream takes a model with one input, and this one has ${inputs.length}`,
      because: inputs.map((name) => `"${name}"`).join(', '),
    });
  return inputs[0]!;
}

function analysed(graph: Graph, input: string, options: StreamOptions): Analysis {
  const { shape } = valueOf(graph, input);
  const shown = `"${input}" is [${shape}]`;
  if (options.time === 'auto') {
    const found = shape.flatMap((size, axis) => {
      if (size === 1) return [];
      const analysis = withHop(graph, input, axis, options);
      return keeps(graph, analysis) && analysis.refused.size === 0 ? [analysis] : [];
    });
    if (found.length === 1) return checked(graph, found[0]!, options);
    return fail({
      code: 'NC0240',
      message: `time is ${found.length === 0 ? 'no' : 'not the only'} axis of the input along which the model can be streamed`,
      because:
        found.length === 0
          ? shown
          : `${shown}; ${found.map(({ rows }) => `axis ${rows.get(input)!.axis}`).join(' and ')} can`,
      help: 'name it, such as --stream time=1',
    });
  }
  const axis = options.time < 0 ? options.time + shape.length : options.time;
  if (axis < 0 || axis >= shape.length || shape[axis]! < 2) {
    return fail({
      code: 'NC0240',
      message: `--stream time=${options.time}: the input has no such axis with several rows`,
      because: shown,
    });
  }
  return checked(graph, withHop(graph, input, axis, options), options);
}

/** With the hop that is asked for, or the product of the strides along time. */
function withHop(graph: Graph, input: string, axis: number, { hop, pads }: StreamOptions): Analysis {
  const history = pads === 'history';
  const window = valueOf(graph, input).shape[axis]!;
  if (hop !== undefined) return analyse(graph, input, axis, hop, history);
  let analysis = analyse(graph, input, axis, 1, history);
  for (;;) {
    const wanted = analysis.strides.reduce(leastCommonMultiple, analysis.hop);
    if (wanted === analysis.hop || wanted >= window) return analysis;
    analysis = analyse(graph, input, axis, wanted, history);
  }
}

function leastCommonMultiple(a: number, b: number): number {
  const divisor = (x: number, y: number): number => (y === 0 ? x : divisor(y, x % y));
  return (a * b) / divisor(a, b);
}

/** Whether some operator with weights or a window computes rows of a part of the window only. */
function keeps(graph: Graph, { rules }: Analysis): boolean {
  return graph.nodes.some((node) => rules.has(node) && isWork(node));
}

function isWork({ op }: Node): boolean {
  return ['Conv', 'MatMul', 'MaxPool', 'AveragePool'].includes(op);
}

function checked(graph: Graph, analysis: Analysis, options: StreamOptions): Analysis {
  const { input, hop, window, refused, rows, whole, history } = analysis;
  if (hop >= window)
    return fail({
      code: 'NC0240',
      message: `--stream: a step of ${hop} rows leaves nothing of a window of ${window}`,
      expected: `fewer than ${window} rows`,
    });
  if (!keeps(graph, analysis)) {
    const [node, because] = [...whole][0] ?? [];
    return fail({
      code: 'NC0241',
      message: 'no layer of the model can be streamed: all of it would be computed anew in every step',
      ...(node === undefined ? {} : { node: described(node), because: `it ${because}` }),
      help: history
        ? 'a stream keeps rows of convolutions, pools and layers that work row by row along time'
        : 'export the model without padding along time, or, where it is causal (padded in front only), give --stream pads=history',
    });
  }
  if (history) {
    const reads = [...whole].filter(([node]) => node.inputs.some((name) => rows.get(name)?.padded === true));
    const all = [
      ...refused,
      ...reads.map(([node, because]) => [node, `${because}, and rows of its window stand for padding`] as const),
    ];
    const [first] = all;
    if (first !== undefined)
      return fail({
        code: 'NC0241',
        message: `the model is not causal along time, as --stream pads=history takes it: ${all.length} ${all.length === 1 ? 'layer is' : 'layers are'} not`,
        node: described(first[0]),
        because: `it ${first[1]}`,
        help: 'give --stream without pads=history: what padding reaches is then computed anew in every step',
      });
    for (const [name, each] of rows) {
      if (each.length * each.stride === window && window % hop === 0) continue;
      return fail({
        code: 'NC0241',
        message: `--stream pads=history: "${name}" has ${each.length} rows for a window of ${window}`,
        expected: `a row for every ${each.stride} of the input, and a window that is a multiple of the hop (${hop})`,
        ...(options.hop === undefined ? {} : { help: 'choose another hop, or another size of the window' }),
      });
    }
  }
  if (!rows.has(input)) throw new Error('invariant: the input has no rows');
  return analysis;
}

function described(node: Node): string {
  return `"${shorten(node.name, NAME_WIDTH)}" (${node.op})`;
}

function describe(
  graph: Graph,
  analysis: Analysis,
  { hop, window, warmUpSteps }: Streamed,
  diagnostics: Diagnostics,
): void {
  const { rows, whole, rules } = analysis;
  const first = [...whole][0];
  const needs = needsOf(graph, analysis);
  const padded = [...rules.keys()].flatMap((node) => {
    const [name] = node.outputs as [string];
    const { first: from, end, length } = rows.get(name)!;
    const count = (needs.get(name)!.front ? from : 0) + length - end;
    return isWork(node) && count > 0 ? [`${described(node)}: ${count} of ${length} rows`] : [];
  });
  diagnostics.note({
    code: 'NC0242',
    message: `a step takes ${hop} of ${window} rows; ${warmUpSteps === 0 ? 'its outputs are valid from the first step on' : `its outputs are valid from step ${warmUpSteps + 1} on`}`,
    ...(first === undefined
      ? {}
      : { because: `all rows of the window are read from ${described(first[0])} on: it ${first[1]}` }),
  });
  if (padded.length === 0) return;
  diagnostics.note({
    code: 'NC0243',
    message: `${padded.length} ${padded.length === 1 ? 'layer is' : 'layers are'} padded along time: rows that padding reaches are computed anew in every step`,
    because: padded.join('\n'),
    help: 'a model without padding along time takes less',
  });
}
