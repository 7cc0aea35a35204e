/** Test vectors from files: .npy, .npz, JSON, raw binary. docs: `nanoc explain NC0710` to NC0713. */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { unzipSync } from 'fflate';
import { fail } from '../diagnostics/diagnostic.js';
import { suggestion } from '../diagnostics/suggest.js';
import { type Graph, type Value, valueOf } from '../ir/graph.js';
import {
  allocate,
  byteLength,
  bytesPerElement,
  elementCount,
  fromBytes,
  type Tensor,
  type TensorData,
} from '../ir/tensor.js';
import { readNpy } from './npy.js';
import { rowsOf } from './rows.js';
import type { VectorSet } from './vector-set.js';
import { parseJsonVectors } from './vectors-json.js';

export { defaultVectors } from './default-vectors.js';
export type { VectorSet } from './vector-set.js';

/** Largest file, and largest array in a zip file, that is read. */
const MAXIMUM_BYTES = 2 ** 30;

/** Of a streamed model: rows along `axis` of `input` may come all together, and are cut into steps. */
export interface StreamedInput {
  readonly input: string;
  readonly axis: number;
}

/**
 * Reads vectors for the inputs of a graph (the reference graph of a compilation). Arrays are matched to graph inputs by name,
 * or `input` to the only one; arrays named as graph outputs (or `output`), and `final_<state input>`, are what is expected;
 * `label` (the right answers of a test set) is left to the caller.
 * A leading dimension beyond the input's shape counts vectors. Of a streamed model, more rows along time are steps; those at the end that make up none
 * are left out.
 * @throws CompileError NC0710 unreadable, NC0711 wrong array, NC0712 wrong shape or type, NC0713 unequal numbers of vectors
 */
export async function loadVectors(graph: Graph, path: string, streamed?: StreamedInput): Promise<VectorSet> {
  const unreadable = (because: string) => fail({ code: 'NC0710', message: `cannot read the vectors ${path}`, because });
  let bytes: Uint8Array;
  try {
    const status = await stat(path);
    if (!status.isFile()) return unreadable('it is not a file');
    if (status.size > MAXIMUM_BYTES)
      return unreadable(`it has ${status.size} bytes; at most ${MAXIMUM_BYTES} are read`);
    bytes = await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return unreadable(code === 'ENOENT' ? 'there is no such file' : message);
  }
  return parseVectors(graph, basename(path), bytes, streamed);
}

/** As `loadVectors`, from bytes; the file name tells the format: .npy, .npz, .json, anything else is raw. */
export function parseVectors(graph: Graph, fileName: string, bytes: Uint8Array, streamed?: StreamedInput): VectorSet {
  const context = vectorContext(graph, fileName, streamed);
  const words = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof Error) || error.name === 'CompileError') throw error;
      return fail({ code: 'NC0710', message: `cannot read the vectors ${fileName}`, because: error.message });
    }
  };
  switch (/\.[^.]*$/.exec(fileName.toLowerCase())?.[0]) {
    case '.npy':
      return fromArrays(context, new Map([[onlyInput(context), words(() => readNpy(bytes))]]));
    case '.npz':
      return fromArrays(
        context,
        words(() => readNpz(bytes)),
      );
    case '.json':
      return fromArrays(
        context,
        words(() => parseJsonVectors(new TextDecoder().decode(bytes), context.inputs)),
      );
    default:
      return fromRaw(context, bytes);
  }
}

interface VectorContext {
  readonly graph: Graph;
  readonly fileName: string;
  /** Graph inputs that are not states. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly streamed?: StreamedInput;
}

function vectorContext(graph: Graph, fileName: string, streamed: StreamedInput | undefined): VectorContext {
  const states = new Set(graph.states.flatMap((state) => [state.input, state.output]));
  const values = (names: readonly string[]) =>
    names.filter((name) => !states.has(name)).map((name) => valueOf(graph, name));
  const known = { graph, fileName, inputs: values(graph.inputs), outputs: values(graph.outputs) };
  return streamed === undefined ? known : { ...known, streamed };
}

function onlyInput(context: VectorContext): string {
  if (context.inputs.length === 1) return context.inputs[0]!.name;
  return fail({
    code: 'NC0711',
    message: `${context.fileName} holds one array, the model has ${context.inputs.length} inputs`,
    expected: context.inputs.map(describe).join('\n'),
    help: 'give an .npz file with an array for each input',
  });
}

function describe(value: Value): string {
  return `"${value.name}": ${value.dtype}[${value.shape}]`;
}

/** @throws Error when it is no zip file of .npy files */
function readNpz(bytes: Uint8Array): Map<string, Tensor> {
  const files = unzipSync(bytes, {
    filter: (file) => {
      if (file.originalSize > MAXIMUM_BYTES) throw new Error(`"${file.name}" has ${file.originalSize} bytes`);
      return file.name.endsWith('.npy');
    },
  });
  return new Map(
    Object.entries(files).map(([name, content]): [string, Tensor] => {
      try {
        return [name.slice(0, -'.npy'.length), readNpy(content)];
      } catch (error) {
        throw new Error(`"${name}": ${(error as Error).message}`);
      }
    }),
  );
}

function fromRaw(context: VectorContext, bytes: Uint8Array): VectorSet {
  const size = context.inputs.reduce((sum, input) => sum + byteLength(input), 0);
  if (bytes.length === 0 || bytes.length % size !== 0) {
    fail({
      code: 'NC0712',
      message: `${context.fileName} has ${bytes.length} bytes, no multiple of an input's ${size}`,
      expected: context.inputs.map((input) => `${describe(input)}, ${byteLength(input)} bytes`).join('\n'),
    });
  }
  const count = bytes.length / size;
  let at = 0;
  const vectors = Array.from(
    { length: count },
    () =>
      new Map(
        context.inputs.map((input): [string, Tensor] => {
          const part = bytes.subarray(at, at + byteLength(input));
          at += part.length;
          return [input.name, { dtype: input.dtype, shape: input.shape, data: fromBytes(input.dtype, part) }];
        }),
      ),
  );
  return { vectors, labels: labelsOf(context, count) };
}

function labelsOf(context: VectorContext, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    count === 1 ? context.fileName : `${context.fileName}[${index}]`,
  );
}

function fromArrays(context: VectorContext, arrays: ReadonlyMap<string, Tensor>): VectorSet {
  const inputs = new Map<string, Tensor[]>();
  const outputs = new Map<string, Tensor[]>();
  const finalStates = new Map<string, Tensor>();
  for (const [name, array] of arrays) {
    const input = match(name, context.inputs, 'input');
    const output = input === undefined ? match(name, context.outputs, 'output') : undefined;
    const state = context.graph.states.find((each) => name === `final_${each.input}`);
    if (input !== undefined) inputs.set(input.name, split(context, name, array, input));
    else if (output !== undefined) outputs.set(output.name, split(context, name, array, output));
    else if (state !== undefined) {
      finalStates.set(state.input, split(context, name, array, valueOf(context.graph, state.input))[0]!);
    } else if (name !== 'label') unknownArray(context, name, array); // classes of the vectors, for accuracy
  }
  for (const input of context.inputs) if (!inputs.has(input.name)) missingInput(context, input, [...arrays.keys()]);
  const count = equalCount(context, new Map([...inputs, ...outputs]));
  const at = (index: number, from: ReadonlyMap<string, readonly Tensor[]>) =>
    new Map([...from].map(([name, list]): [string, Tensor] => [name, list[index]!]));
  const indices = Array.from({ length: count }, (_, index) => index);
  return {
    vectors: indices.map((index) => at(index, inputs)),
    labels: labelsOf(context, count),
    ...(outputs.size === 0 ? {} : { expected: indices.map((index) => at(index, outputs)) }),
    ...(finalStates.size === 0 ? {} : { finalStates }),
  };
}

/** The value of this name, spelled as ONNX or as C spells it, or the only one for `input` and `output`. */
function match(name: string, values: readonly Value[], kind: 'input' | 'output'): Value | undefined {
  const spelled = (text: string) => text.replace(/[^A-Za-z0-9]+/g, '_').toLowerCase();
  return (
    values.find((value) => value.name === name) ??
    values.find((value) => spelled(value.name) === spelled(name)) ??
    (name === kind && values.length === 1 ? values[0] : undefined)
  );
}

function unknownArray(context: VectorContext, name: string, array: Tensor): never {
  const known = [...context.inputs, ...context.outputs];
  return fail({
    code: 'NC0711',
    message: `${context.fileName}: array "${name}" is neither an input nor an output of the model`,
    expected: known.map(describe).join('\n'),
    because: `"${name}" is ${array.dtype}[${array.shape}]`,
    ...suggestion(
      name,
      known.map((value) => value.name),
    ),
  });
}

function missingInput(context: VectorContext, input: Value, names: readonly string[]): never {
  return fail({
    code: 'NC0711',
    message: `${context.fileName} has no array for input "${input.name}"`,
    expected: describe(input),
    because: names.length === 0 ? 'it holds no array' : `it holds ${names.map((name) => `"${name}"`).join(', ')}`,
  });
}

/**
 * The tensors of an array: one (a batch dimension of 1 may be left out), or as many as the dimension says that stands before the
 * value's shape or in place of its batch of 1.
 */
function split(context: VectorContext, name: string, array: Tensor, value: Value): Tensor[] {
  const size = elementCount(value.shape);
  const count = array.data.length / size;
  const whole = value.shape.join();
  const hasBatch = value.shape[0] === 1;
  const forms = [
    array.shape.join() === whole,
    array.shape.slice(1).join() === whole && array.shape.length === value.shape.length + 1,
    hasBatch && array.shape.slice(1).join() === value.shape.slice(1).join() && array.shape.length > 0,
    hasBatch && array.shape.join() === value.shape.slice(1).join(),
  ];
  if (!forms.includes(true)) {
    const steps = stepsOf(context, name, array, value);
    if (steps !== undefined) return steps;
  }
  if (!forms.includes(true) || count < 1) {
    fail({
      code: 'NC0712',
      message: `${context.fileName}: array "${name}" has the wrong shape`,
      expected: `[${value.shape}], or [N,${value.shape}] for N vectors`,
      because: `it is ${array.dtype}[${array.shape}]`,
    });
  }
  const data = convert(context, name, array, value);
  return Array.from({ length: count }, (_, index) => ({
    dtype: value.dtype,
    shape: value.shape,
    data: data.slice(index * size, (index + 1) * size),
  }));
}

/** Rows along time of a streamed model's input (a batch dimension of 1 may be left out), cut into steps; undefined when they are none. */
function stepsOf(
  { streamed, ...context }: VectorContext,
  name: string,
  array: Tensor,
  value: Value,
): Tensor[] | undefined {
  if (streamed?.input !== value.name) return undefined;
  const shape = array.shape.length === value.shape.length ? array.shape : [1, ...array.shape];
  const { axis } = streamed;
  const hop = value.shape[axis]!;
  const fits = shape.length === value.shape.length && shape.every((size, i) => i === axis || size === value.shape[i]);
  if (!fits || shape[axis]! < hop) return undefined;
  const rows: Tensor = { dtype: value.dtype, shape, data: convert(context, name, array, value) };
  return Array.from({ length: Math.floor(shape[axis]! / hop) }, (_, i) => rowsOf(rows, axis, i * hop, (i + 1) * hop));
}

/** Elements in the value's type. Only changes that keep every number are made, and float64 to float32, NumPy's and JSON's default. */
function convert(context: VectorContext, name: string, array: Tensor, value: Value): TensorData {
  if (array.dtype === value.dtype) return array.data;
  const sizes = [bytesPerElement(array.dtype), bytesPerElement(value.dtype)];
  const refuse = (because: string) =>
    fail({
      code: 'NC0712',
      message: `${context.fileName}: array "${name}" has the wrong type`,
      expected: describe(value),
      because,
    });
  if (array.dtype === 'float16' || value.dtype === 'float16') refuse(`it is ${array.dtype}`);
  const data = allocate(value.dtype, array.data.length);
  const isFloat = value.dtype === 'float32' || value.dtype === 'float64';
  for (let index = 0; index < data.length; index += 1) {
    const from = array.data[index]!;
    if (typeof data[index] === 'bigint') {
      if (!Number.isInteger(Number(from))) refuse(`it is ${array.dtype} and holds ${from} (element ${index})`);
      data[index] = BigInt(from);
    } else data[index] = Number(from);
    const kept = Number(data[index]) === Number(from) || (isFloat && sizes[0]! >= 4);
    if (!kept) refuse(`it is ${array.dtype} and holds ${from} (element ${index})`);
  }
  return data;
}

function equalCount(context: VectorContext, arrays: ReadonlyMap<string, readonly Tensor[]>): number {
  const counts = [...arrays].map(([name, list]) => ({ name, count: list.length }));
  const first = counts[0]!;
  const other = counts.find(({ count }) => count !== first.count);
  if (other === undefined) return first.count;
  return fail({
    code: 'NC0713',
    message: `${context.fileName}: the arrays have unequal numbers of vectors`,
    because: `"${first.name}" has ${first.count}, "${other.name}" has ${other.count}`,
  });
}
