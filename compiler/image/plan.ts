/** What an image front end does for one model: which input, which part of the frame, which element for which byte. */
import { fail } from '../diagnostics/diagnostic.js';
import { type Graph, type Value, valueOf } from '../ir/graph.js';
import { type Axis, makeAxis, type Resize } from './axis.js';
import { type ByteMap, byteMap } from './byte-map.js';
import type { PixelFormat } from './pixel-format.js';
import type { ImageSpec } from './schema.js';

/** How a frame becomes an input of the model; `input` is a value of the graph. */
export interface ImagePlan {
  readonly spec: ImageSpec;
  readonly input: string;
  readonly dtype: 'int8' | 'uint8' | 'float32';
  readonly frame: { readonly width: number; readonly height: number; readonly format: PixelFormat };
  readonly crop: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly resize: Resize;
  /** From the crop to the input. */
  readonly columns: Axis;
  readonly rows: Axis;
  readonly channels: 1 | 3;
  /** Elements from a row, a pixel, a channel of the input to the next. */
  readonly strides: { readonly row: number; readonly pixel: number; readonly channel: number };
  /** For each channel what becomes of a byte. */
  readonly maps: readonly ByteMap[];
}

/** Weighted sums of bytes, and half a weight more, stay below 2^32. */
const LARGEST_TOTAL = 2 ** 24 - 1;

/** @throws CompileError NC0751 when the crop lies outside the frame or is too large, NC0752 when no input of the graph fits */
export function planImage(graph: Graph, spec: ImageSpec): ImagePlan {
  const { frame, resize = 'area' } = spec;
  const crop = spec.crop ?? { x: 0, y: 0, width: frame.width, height: frame.height };
  if (crop.x + crop.width > frame.width || crop.y + crop.height > frame.height) {
    wrongSpec(
      `the crop ends at column ${crop.x + crop.width} and row ${crop.y + crop.height}, the frame at ${frame.width} and ${frame.height}`,
    );
  }
  const value = imageInput(graph, spec);
  const { height, width, channels, strides } = shapeOf(value, spec.layout);
  const columns = makeAxis(resize, crop.width, width);
  const rows = makeAxis(resize, crop.height, height);
  if (columns.total * rows.total > LARGEST_TOTAL) {
    wrongSpec(
      `sums of ${columns.total * rows.total} weights do not fit into 32 bits: a smaller crop, or one that is a multiple of ${width}x${height}, does`,
    );
  }
  if (rows.start + rows.output * rows.step >= 2 ** 32) wrongSpec('the positions of rows do not fit into 32 bits');
  for (const name of ['mean', 'std'] as const) {
    const count = [spec[name] ?? 0].flat().length;
    if (count !== 1 && count !== channels) wrongSpec(`"${name}" has ${count} numbers, the input ${channels} channels`);
  }
  const dtype = value.dtype as ImagePlan['dtype'];
  const maps = Array.from({ length: channels }, (_, channel) => byteMap(value, normalizationOf(spec, channel)));
  return { spec, input: value.name, dtype, frame, crop, resize, columns, rows, channels, strides, maps };
}

function wrongSpec(because: string): never {
  return fail({ code: 'NC0751', message: 'the image front end cannot be made as asked for', because });
}

/** Mean and standard deviation of a channel; absent where the spec has neither. */
function normalizationOf({ mean, std }: ImageSpec, channel: number): { mean: number; std: number } | undefined {
  if (mean === undefined && std === undefined) return undefined;
  const of = (numbers: number | number[]) => [numbers].flat()[channel] ?? [numbers].flat()[0]!;
  const deviation = of(std ?? 1);
  if (!(Math.abs(deviation) > 0)) wrongSpec('"std" is 0: nothing can be divided by it');
  const middle = of(mean ?? 0);
  const ends = [0, 1].map((share) => Math.fround((share - middle) / deviation));
  if (!ends.every(Number.isFinite))
    wrongSpec(`"mean" ${middle} and "std" ${deviation} make numbers that float32 does not have`);
  return { mean: middle, std: deviation };
}

const TYPES = new Set(['int8', 'uint8', 'float32']);

/** The input that is the image. @throws CompileError NC0752 when there is none, or more than one */
export function imageInput(graph: Graph, { input, layout }: ImageSpec): Value {
  const states = new Set(graph.states.map((state) => state.input));
  const values = graph.inputs.filter((name) => !states.has(name)).map((name) => valueOf(graph, name));
  const fitting = values.filter(
    (value) => TYPES.has(value.dtype) && imageShape(value.shape, layout) !== undefined && isPerTensor(value),
  );
  const found = input === undefined ? fitting : fitting.filter(({ name }) => name === input);
  if (found.length === 1) return found[0]!;
  return fail({
    code: 'NC0752',
    message:
      input === undefined ? 'no single input of the model is an image' : `the model's input "${input}" is no image`,
    expected:
      'int8, uint8 or float32 of shape 1xCxHxW, 1xHxWxC or HxW with 1 or 3 channels, quantized as a whole or not at all',
    because: `its inputs are ${values.map(({ name, dtype, shape }) => `"${name}": ${dtype}[${shape}]`).join(', ') || 'states only'}`,
    ...(found.length > 1 ? { help: 'name one by "input" in the image\'s configuration' } : {}),
  });
}

function isPerTensor({ dtype, quantization }: Value): boolean {
  return dtype === 'float32' || quantization === undefined || quantization.scale.length === 1;
}

interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly strides: ImagePlan['strides'];
}

function shapeOf(value: Value, layout: ImageSpec['layout']): Shape {
  const shape = imageShape(value.shape, layout);
  if (shape === undefined) throw new Error(`invariant: "${value.name}" is no image`);
  return shape;
}

/** Height, width and channels; where both layouts fit, it is NCHW, which is ONNX's. */
function imageShape(shape: readonly number[], layout: ImageSpec['layout']): Shape | undefined {
  const inner = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  if (inner.length === 2) return nchw([1, ...inner]);
  if (inner.length !== 3) return undefined;
  const isChannels = (n: number) => n === 1 || n === 3;
  if (layout !== 'NHWC' && isChannels(inner[0]!)) return nchw(inner);
  if (layout !== 'NCHW' && isChannels(inner[2]!)) return nhwc(inner);
  return undefined;
}

function nchw([channels, height, width]: readonly number[]): Shape {
  const strides = { row: width!, pixel: 1, channel: height! * width! };
  return { height: height!, width: width!, channels: channels as 1 | 3, strides };
}

function nhwc([height, width, channels]: readonly number[]): Shape {
  const strides = { row: width! * channels!, pixel: channels!, channel: 1 };
  return { height: height!, width: width!, channels: channels as 1 | 3, strides };
}
