/** What the cost formulas of the kernels read from a call. */
import { type Graph, valueOf } from '../ir/graph.js';
import type { KernelCall, PackedConstant, ParamValue } from '../ir/kernel-call.js';

export interface CostView {
  readonly call: KernelCall;
  /** Shapes of the first input and output; images are [N, H, W, C]. */
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** An attribute of the node that is a list of numbers. */
  ints(name: string): readonly number[];
  /** A number in the call's parameter struct, `inner.field` in a struct of it. @throws Error (invariant) where there is none */
  int(field: string): number;
  /** A constant in the call's parameter struct; undefined where there is none. */
  constant(field: string): PackedConstant['data'] | undefined;
}

export function costView(call: KernelCall, graph: Graph): CostView {
  const { node } = call;
  return {
    call,
    x: valueOf(graph, node.inputs[0]!).shape,
    y: valueOf(graph, node.outputs[0]!).shape,
    ints: (name) => (node.attributes[name] as readonly number[] | undefined)?.map(Number) ?? [],
    int: (field) => intOf(call, field),
    constant: (field) => constantOf(call, field),
  };
}

function intOf(call: KernelCall, path: string): number {
  const params = call.arguments.find((argument) => argument.kind === 'params');
  const at = (fields: Readonly<Record<string, ParamValue>>, [name, ...rest]: readonly string[]): number | undefined => {
    const value = fields[name!];
    if (value === undefined) return undefined;
    return 'fields' in value ? at(value.fields, rest) : 'int' in value ? value.int : undefined;
  };
  const found = params === undefined ? undefined : at(params.fields, path.split('.'));
  if (found === undefined) throw new Error(`invariant: ${call.function} has no parameter ${path}`);
  return found;
}

function constantOf(call: KernelCall, field: string): PackedConstant['data'] | undefined {
  for (const argument of call.arguments) {
    if (argument.kind !== 'params') continue;
    const value: ParamValue | undefined = argument.fields[field];
    if (value !== undefined && 'constant' in value) return value.constant.data;
  }
  return undefined;
}

/** A window operator on [N, H, W, C]. */
export interface WindowSizes {
  readonly batches: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  /** Output pixels of all batches. */
  readonly pixels: number;
  /** Of them, those whose window leaves the image. */
  readonly borderPixels: number;
}

export function windowSizes({ x, y, ints }: CostView): WindowSizes {
  const [batches, inHeight, inWidth, inChannels] = x as [number, number, number, number];
  const [, outHeight, outWidth, outChannels] = y as [number, number, number, number];
  const [kernelHeight = 1, kernelWidth = 1] = ints('kernel_shape');
  const [strideHeight = 1, strideWidth = 1] = ints('strides');
  const [padTop = 0, padLeft = 0] = ints('pads');
  const inside = (size: number, out: number, kernel: number, stride: number, pad: number) =>
    Array.from({ length: out }, (_, i) => i * stride - pad).filter((at) => at >= 0 && at + kernel <= size).length;
  const rows = inside(inHeight, outHeight, kernelHeight, strideHeight, padTop);
  const columns = inside(inWidth, outWidth, kernelWidth, strideWidth, padLeft);
  const pixels = batches * outHeight * outWidth;
  return {
    ...{ batches, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, kernelHeight, kernelWidth, pixels },
    borderPixels: pixels - batches * rows * columns,
  };
}

/** A Conv or MatMul as a product: each of `pixels` outputs of `channels` takes `rows` rows of `row` inputs; `sizes` of a Conv. */
export interface ProductSizes {
  readonly channels: number;
  readonly pixels: number;
  readonly rows: number;
  readonly row: number;
  readonly sizes: WindowSizes | undefined;
}

export function productSizes(view: CostView): ProductSizes {
  const channels = view.y.at(-1)!;
  const pixels = elements(view.y) / channels;
  if (view.x.length !== 4 || view.ints('kernel_shape').length !== 2)
    return { channels, pixels, rows: 1, row: view.x.at(-1)!, sizes: undefined };
  const sizes = windowSizes(view);
  return { channels, pixels, rows: sizes.kernelHeight, row: sizes.kernelWidth * sizes.inChannels, sizes };
}

export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
