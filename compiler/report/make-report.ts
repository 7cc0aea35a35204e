import type { Compilation } from '../compilation.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { type Graph, type Value, valueOf } from '../ir/graph.js';
import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import type { MemoryPlan } from '../ir/memory-plan.js';
import { byteLength } from '../ir/tensor.js';
import { callsView } from '../phases/6-emit/calls.js';
import { commandText } from '../phases/6-emit/command.js';
import { type ModelContext, makeContext } from '../phases/6-emit/context.js';
import { detailsOf } from '../phases/6-emit/describe.js';
import { fastConstants } from '../phases/6-emit/fast-constants.js';
import { portView } from '../phases/6-emit/ports.js';
import { sizesOf } from '../phases/6-emit/sizes.js';
import { linkedLibraries } from '../vendor/linked.js';
import { bandsJson } from './bands.js';
import type { Measurements } from './measurements.js';
import { makePlanJson } from './plan-json.js';
import type { LayerReport, Report } from './schema.js';
import { streamJson } from './stream.js';

/** The report of a compilation; with `measurements` of its build where there are some. */
export function makeReport(compilation: Compilation, measurements?: Measurements): Report {
  const { target, source, name, plan } = compilation;
  const context = namedContext(compilation);
  const { flash, ram, contextBytes } = sizesOf(context);
  const layers = plan.calls.map((call, step) => layerOf(context, call, step, measurements));
  return {
    schemaVersion: 1,
    model: { name, file: source.fileName, command: commandText(compilation) },
    target: { name: target.name, description: target.description, features: [...target.features] },
    ...arithmeticOf(compilation),
    ...portsOf(compilation),
    layers,
    ...excludedOf(compilation),
    totals: {
      macs: layers.reduce((sum, layer) => sum + layer.macs, 0),
      constantBytes: flash.reduce((sum, part) => sum + part.bytes, 0),
    },
    memory: { flash: [...flash], ram: [...ram], contextBytes, ...fastOf(context) },
    plan: makePlanJson(compilation),
    ...(compilation.bands === undefined ? {} : { bands: bandsJson(compilation.bands) }),
    ...(compilation.streamed === undefined ? {} : { stream: streamJson(compilation) }),
    diagnostics: compilation.diagnostics.map(diagnosticOf),
    ...(measurements === undefined ? {} : { measurements }),
  };
}

/** The profile of the model, and the libraries that its kernels call. */
export function arithmeticOf(compilation: Compilation): Pick<Report, 'numerics' | 'libraries'> {
  const isTflite = compilation.plan.calls.some(({ law }) => law !== undefined);
  const libraries = linkedLibraries(compilation).map(({ library: { name, version, sha256, law } }) => ({
    ...{ name, version, sha256 },
    rounding: law === 'tflite-single' ? ('single' as const) : ('double' as const),
  }));
  return { numerics: isTflite ? 'tflite' : 'onnx', ...(libraries.length === 0 ? {} : { libraries }) };
}

/** Exclusions of layers that bands have made others of are left out. */
function excludedOf({ options, plan }: Compilation): Pick<Report, 'excluded'> {
  const excluded = (options.excluded ?? []).flatMap(({ output, ...rest }) => {
    const step = plan.calls.findIndex(({ node }) => node.outputs[0] === output);
    return step < 0 ? [] : [{ step, ...rest }];
  });
  return excluded.length === 0 ? {} : { excluded };
}

/** The names and constants of the emitted C, given out in the order in which 6-emit does it. */
function namedContext(compilation: Compilation): ModelContext {
  const context = makeContext(compilation);
  callsView(context);
  for (const port of [...context.inputs, ...context.outputs]) portView(context, port);
  return context;
}

function fastOf(context: ModelContext): Pick<Report['memory'], 'fast'> {
  if (context.compilation.options.fastRam === undefined) return {};
  const { bytes, share } = fastConstants(context);
  return { fast: { bytes, share } };
}

function portsOf(compilation: Compilation): Pick<Report, 'inputs' | 'outputs' | 'states'> {
  const { graph } = compilation;
  const ports = (names: readonly string[], bound: ReadonlySet<string>) =>
    [...new Set(names)].filter((name) => !bound.has(name)).map((name) => portOf(valueOf(graph, name)));
  return {
    inputs: ports(graph.inputs, new Set(graph.states.map((state) => state.input))),
    outputs: ports(graph.outputs, new Set(graph.states.map((state) => state.output))),
    states: graph.states.map((state) => ({ ...state, bytes: byteLength(valueOf(graph, state.input)) })),
  };
}

function portOf(value: Value): Report['inputs'][number] {
  const { scale, zeroPoint } = value.quantization ?? { scale: [], zeroPoint: [] };
  const single = scale.length === 1 ? { scale: scale[0]!, zeroPoint: zeroPoint[0]! } : {};
  return { name: value.name, dtype: value.dtype, shape: [...value.shape], bytes: byteLength(value), ...single };
}

function layerOf(
  context: ModelContext,
  call: KernelCall,
  step: number,
  measurements: Measurements | undefined,
): LayerReport {
  const { graph, compilation } = context;
  const values = (names: readonly string[]) => names.filter((name) => name !== '').map((name) => valueOf(graph, name));
  const inputs = values(call.node.inputs).filter((value) => value.constant === undefined);
  const outputs = values(call.node.outputs);
  const instructions = measurements?.layers?.find((layer) => layer.step === step)?.instructions;
  return {
    step,
    node: call.node.name,
    symbol: context.nodes.stem(call.node.name),
    origins: [...(call.node.origins ?? [])],
    op: call.node.op,
    kernel: call.function,
    family: call.family,
    numerics: call.law === undefined ? 'onnx' : 'tflite',
    inputs: inputs.map((value) => [...value.shape]),
    outputs: outputs.map((value) => [...value.shape]),
    details: detailsOf(graph, call.node),
    macs: call.macs,
    constantBytes: constantBytes(graph, call),
    scratchBytes: call.scratch?.bytes ?? 0,
    liveBytes: liveBytes(compilation.plan, step),
    float: outputs.some((value) => value.dtype === 'float32'),
    ...(call.reason === undefined ? {} : { reason: call.reason }),
    remarks: [...(call.remarks ?? [])],
    ...(instructions === undefined ? {} : { instructions }),
    ...(call.predicted === undefined ? {} : { predictedInstructions: call.predicted.instructions }),
  };
}

function constantBytes(graph: Graph, call: KernelCall): number {
  let bytes = 0;
  const visit = (value: ParamValue): void => {
    if ('constant' in value) bytes += value.constant.data.byteLength;
    if ('fields' in value) for (const field of Object.values(value.fields)) visit(field);
  };
  for (const argument of call.arguments) {
    if (argument.kind === 'constant') bytes += argument.constant.data.byteLength;
    if (argument.kind === 'value') bytes += graph.values.get(argument.value)?.constant?.data.byteLength ?? 0;
    if (argument.kind === 'params') for (const field of Object.values(argument.fields)) visit(field);
  }
  return bytes;
}

/** Bytes of the arena that belong to a buffer alive in this step; shared bytes count once. */
export function liveBytes(plan: MemoryPlan, step: number): number {
  const spans = [...plan.placements.values()]
    .filter(({ region, live }) => region === 'arena' && live[0] <= step && step <= live[1])
    .map(({ offset, bytes }): [number, number] => [offset, offset + bytes])
    .sort((a, b) => a[0] - b[0]);
  let covered = 0;
  let end = 0;
  for (const [from, to] of spans) {
    covered += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return covered;
}

function diagnosticOf(diagnostic: Diagnostic): Report['diagnostics'][number] {
  const { code, severity, message, node, because, help } = diagnostic;
  return {
    code,
    severity,
    message,
    ...(node === undefined ? {} : { node }),
    ...(because === undefined ? {} : { because }),
    ...(help === undefined ? {} : { help }),
  };
}
