/**
 * The golden vector of `<model>_selftest()`: inputs come from a linear congruential generator, so that no flash is spent on them;
 * what is expected is a 32-bit FNV-1a hash of all outputs, and of the state after the last invocation, computed here by the
 * reference evaluator. The C twin of the functions below is in templates/model.c.hbs.
 */
import type { Compilation } from '../../compilation.js';
import { type Graph, type Value, valueOf } from '../../ir/graph.js';
import { allocate, bytesOf, type DataType, elementCount, integerRange, type Tensor } from '../../ir/tensor.js';
import { evaluateSteps } from '../../reference/evaluate.js';
import { applySource } from '../../reference/source.js';
import { callIsTaken } from '../../reference/taken.js';
import { FNV_BASIS, fnv1a } from './fnv.js';

/** How the elements of an input are made from the generator: in C, `fill_<kind>`. */
export type FillKind = 's8' | 'u8' | 'bool' | 's16' | 'u16' | 'f32' | 'zero';

export interface SelftestInput {
  readonly name: string;
  readonly kind: FillKind;
  /** Float inputs: the value of one of 65,536 steps from -range to +range; a power of two, so that products are exact. */
  readonly step: number;
}

export interface Selftest {
  readonly seed: number;
  /** More than one where there is state to carry. */
  readonly invocations: number;
  readonly inputs: readonly SelftestInput[];
  readonly hash: number;
}

const STATEFUL_INVOCATIONS = 3;

/** Seeds tried until no output is NaN: the bits of a NaN are the processor's choice. */
const SEEDS = [1, 2, 3, 4];

/** Computes the golden hash. Takes as long as one inference of the reference evaluator, three with state. */
export function makeSelftest(compilation: Compilation): Selftest {
  const { graph } = compilation;
  const bound = new Set(graph.states.map((state) => state.input));
  const inputs = [...new Set(graph.inputs)].filter((name) => !bound.has(name)).map((name) => inputOf(graph, name));
  const invocations = graph.states.length > 0 ? STATEFUL_INVOCATIONS : 1;
  let selftest: Selftest | undefined;
  for (const seed of SEEDS) {
    const chunks = goldenBytes(compilation, inputs, seed, invocations);
    selftest = {
      seed,
      invocations,
      inputs,
      hash: chunks.reduce((hash, chunk) => fnv1a(bytesOf(chunk.data), hash), FNV_BASIS),
    };
    if (!chunks.some((chunk) => chunk.data instanceof Float32Array && chunk.data.some(Number.isNaN))) break;
  }
  return selftest!;
}

/** What a call leaves in memory during the first inference of the self-test. */
export interface CallHash {
  /** Of the plan. */
  readonly step: number;
  readonly value: string;
  readonly hash: number;
}

/** For every value that a call writes and the reference graph has too. Takes one inference of the reference evaluator. */
export function callHashes(compilation: Compilation, { inputs, seed }: Selftest): CallHash[] {
  const { graph, plan, reference } = compilation;
  const generator = new Generator(seed);
  const vector = new Map(inputs.map((input) => onnxInput(compilation, input, generator)));
  const [result] = evaluateSteps(reference, [vector]);
  return plan.calls.flatMap((call, step) =>
    (callIsTaken(call, graph, result!) ? call.arguments : []).flatMap((argument): CallHash[] => {
      if (argument.kind !== 'value' || argument.access !== 'write') return [];
      const value = graph.values.get(argument.value);
      const onnx = value?.source === undefined ? undefined : result!.get(value.source.name);
      if (value === undefined || onnx === undefined) return [];
      return [{ step, value: value.name, hash: fnv1a(bytesOf(toDevice(value, onnx).data), FNV_BASIS) }];
    }),
  );
}

function inputOf(graph: Graph, name: string): SelftestInput {
  const value = valueOf(graph, name);
  const kind = kindOf(value.dtype);
  return { name, kind, step: kind === 'f32' ? floatRange(graph, value) / 32768 : 0 };
}

function kindOf(dtype: DataType): FillKind {
  switch (dtype) {
    case 'int8':
      return 's8';
    case 'uint8':
      return 'u8';
    case 'bool':
      return 'bool';
    case 'int16':
      return 's16';
    case 'uint16':
      return 'u16';
    case 'float32':
      return 'f32';
    default:
      // Wide integers are indices as a rule; 0 is the one that is always in range.
      return 'zero';
  }
}

/** The power of two that covers what a following QuantizeLinear can represent; 1 for inputs that stay float. */
function floatRange(graph: Graph, value: Value): number {
  const reader = graph.nodes.find((node) => node.op === 'QuantizeLinear' && node.inputs[0] === value.name);
  const to = reader === undefined ? undefined : graph.values.get(reader.outputs[0]!);
  if (to?.quantization === undefined || (to.dtype !== 'int8' && to.dtype !== 'uint8')) return 1;
  const [low, high] = integerRange(to.dtype);
  const zero = to.quantization.zeroPoint[0]!;
  return 2 ** Math.ceil(Math.log2(Math.max(high - zero, zero - low) * to.quantization.scale[0]!));
}

/** Everything that is hashed, in order: the outputs of each invocation, then the state. */
function goldenBytes(
  compilation: Compilation,
  inputs: readonly SelftestInput[],
  seed: number,
  invocations: number,
): Tensor[] {
  const { graph, reference } = compilation;
  const generator = new Generator(seed);
  const steps = Array.from(
    { length: invocations },
    () => new Map(inputs.map((input) => onnxInput(compilation, input, generator))),
  );
  const results = evaluateSteps(reference, steps);
  const bound = new Set(graph.states.map((state) => state.output));
  const outputs = [...new Set(graph.outputs)].filter((name) => !bound.has(name));
  const chunks = results.flatMap((result) => outputs.map((name) => deviceTensor(compilation, name, result)));
  const last = results.at(-1)!;
  for (const { input, output } of graph.states) {
    chunks.push(toDevice(valueOf(graph, input), required(last, output)));
  }
  return chunks;
}

function deviceTensor(compilation: Compilation, name: string, result: ReadonlyMap<string, Tensor>): Tensor {
  const { graph, reference } = compilation;
  const value = valueOf(graph, name);
  const onnxName = reference.outputs[graph.outputs.indexOf(name)]!;
  return toDevice(value, result.get(value.source?.name ?? onnxName) ?? required(result, onnxName));
}

function required(result: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const tensor = result.get(name);
  if (tensor === undefined) throw new Error(`invariant: the reference graph has no value "${name}"`);
  return tensor;
}

function toDevice(value: Value, onnx: Tensor): Tensor {
  return applySource({ ...value, source: value.source ?? { name: value.name } }, onnx);
}

/** Name and ONNX tensor whose device form is what the generator writes: the inverse of `applySource`. Inputs keep their order. */
function onnxInput(compilation: Compilation, input: SelftestInput, generator: Generator): [string, Tensor] {
  const { graph, reference } = compilation;
  const device = valueOf(graph, input.name);
  const name = reference.inputs[graph.inputs.indexOf(input.name)]!;
  const { dtype, shape } = valueOf(reference, name);
  const count = elementCount(shape);
  const from = applySource(
    { ...device, dtype: 'int32', source: { ...(device.source ?? { name }), signShift: false } },
    { dtype: 'int32', shape, data: Int32Array.from({ length: count }, (_, i) => i) },
  ).data as Int32Array;
  const data = allocate(dtype, count);
  const shift = device.source?.signShift === true ? 128 : 0;
  if (input.kind !== 'zero') {
    for (let i = 0; i < count; i += 1) data[from[i]!] = generator.element(input) + shift;
  }
  return [name, { dtype, shape, data }];
}

/** x' = 1664525 x + 1013904223 modulo 2^32 (Knuth; Numerical Recipes); the high bits are the good ones. */
class Generator {
  constructor(private state: number) {}

  element(input: SelftestInput): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    const high = this.state >>> 16;
    switch (input.kind) {
      case 's8':
        return (this.state >>> 24) - 128;
      case 'u8':
        return this.state >>> 24;
      case 'bool':
        return this.state >>> 31;
      case 's16':
        return high - 32768;
      case 'u16':
        return high;
      case 'f32':
        return Math.fround((high - 32768) * input.step);
      case 'zero':
        return 0;
    }
  }
}
