/** Random quantized convolutions as the kernels see them (NHWC), with what the reference evaluator says. */
import type { Graph, Node, Quantization, Value } from '../../compiler/ir/graph.js';
import { allocate, elementCount, integerRange, type Tensor } from '../../compiler/ir/tensor.js';
import type { Law } from '../../compiler/numerics/law.js';
import { operatorOf } from '../../compiler/ops/index.js';
import { viewNode } from '../../compiler/ops/node-view.js';
import { permute } from '../../compiler/reference/source.js';
import type { Random } from './random.js';

export interface ConvSpec {
  /** [C, H, W] */
  readonly input: readonly [number, number, number];
  readonly outputs: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  /** top, left, bottom, right */
  readonly pads: readonly [number, number, number, number];
  readonly group?: number;
  readonly batches?: number;
  readonly clamp?: readonly [number, number];
  /** All weights and inputs at the limits of int8. */
  readonly extreme?: boolean;
  /** Largest weight magnitude; 127 by default. */
  readonly weightLimit?: number;
  readonly zeroPoint?: number;
  readonly dilations?: readonly [number, number];
  /** Zero point of all weights, or a random one for each channel; 0 by default. */
  readonly weightZero?: number | 'random';
  /** How often a weight is at a limit of int8, whatever `weightLimit` says; 0 by default. */
  readonly outliers?: number;
  /** The reference's arithmetic, when it is not ONNX's. */
  readonly law?: Law;
  /** Input and output are int16, with the zero point 0, or `zeroPoint` for the input and `outputZero` for the output. */
  readonly halfwords?: boolean;
  readonly outputZero?: number;
}

export interface ConvCase {
  /** One Conv node with layout NHWC. */
  readonly graph: Graph;
  readonly node: Node;
  /** NHWC, by name `x`. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** NHWC */
  readonly expected: Tensor;
}

/** A random geometry with a non-empty output. */
export function randomConvSpec(random: Random, limits: { channels: number; size: number; kernel: number }): ConvSpec {
  for (;;) {
    const kernel = [random.integer(1, limits.kernel), random.integer(1, limits.kernel)] as const;
    const strides = random.chance(0.6) ? ([1, 1] as const) : ([random.integer(1, 3), random.integer(1, 3)] as const);
    const pad = (k: number) => (random.chance(0.5) ? random.integer(0, k - 1) : 0);
    const pads = [pad(kernel[0]), pad(kernel[1]), pad(kernel[0]), pad(kernel[1])] as const;
    const input = [
      random.integer(1, limits.channels),
      random.integer(1, limits.size),
      random.integer(1, limits.size),
    ] as const;
    if (input[1] + pads[0] + pads[2] < kernel[0] || input[2] + pads[1] + pads[3] < kernel[1]) continue;
    const clamp = random.chance(0.2) ? ([random.integer(-128, 0), random.integer(1, 127)] as const) : undefined;
    return {
      ...{ input, kernel, strides, pads, outputs: random.integer(2, limits.channels) },
      extreme: random.chance(0.15),
      ...(clamp === undefined ? {} : { clamp }),
    };
  }
}

/** The same with weights that have zero points, without which few or many of them leave int8. */
export function zeroPointSpec(random: Random, limits: Parameters<typeof randomConvSpec>[1]): ConvSpec {
  return {
    ...randomConvSpec(random, limits),
    weightZero: random.pick([random.integer(-40, 40), random.integer(-128, 127), 'random' as const]),
    weightLimit: random.pick([50, 90, 127]),
    outliers: random.pick([0, 0.02, 0.1]),
  };
}

export function convCase(spec: ConvSpec, random: Random): ConvCase {
  const { input, outputs, kernel, strides, pads, group = 1, batches = 1, dilations = [1, 1], weightZero = 0 } = spec;
  const extent = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
  const [channels, height, width] = input;
  const outHeight = Math.floor((height + pads[0] + pads[2] - extent[0]!) / strides[0]) + 1;
  const outWidth = Math.floor((width + pads[1] + pads[3] - extent[1]!) / strides[1]) + 1;
  const limit = spec.weightLimit ?? 127;
  const byte = (bound: number) => (spec.extreme ? random.pick([-bound, bound]) : random.integer(-bound, bound));
  const weight = () => (spec.outliers && random.chance(spec.outliers) ? random.pick([-128, 127]) : byte(limit));
  const wShape = [outputs, channels / group, ...kernel];
  const fanIn = (channels / group) * kernel[0] * kernel[1];
  const w = tensor('int8', wShape, weight);
  const bias = tensor('int32', [outputs], () => random.integer(-3000, 3000));
  const dtype = spec.halfwords ? 'int16' : 'int8';
  const [lowest, highest] = integerRange(dtype);
  const x = tensor(dtype, [batches, ...input], () =>
    spec.extreme ? random.pick([lowest, highest]) : random.integer(lowest, highest),
  );
  const xQuantization = perTensor(0.02, spec.halfwords ? (spec.zeroPoint ?? 0) : random.integer(-128, 127));
  const scales = Array.from({ length: outputs }, () => Math.fround(0.005 * (0.5 + random.next())));
  const wQuantization: Quantization =
    weightZero === 'random'
      ? { scale: scales, zeroPoint: scales.map(() => random.integer(-128, 127)), axis: 0 }
      : random.chance(0.7)
        ? { scale: scales, zeroPoint: scales.map(() => weightZero), axis: 0 }
        : perTensor(scales[0]!, weightZero);
  const spread = spec.halfwords ? 1 : 70;
  const yScale = Math.fround(
    0.02 * 0.005 * spread * Math.sqrt(fanIn) * (spec.extreme ? 3 : 0.6) * (0.3 + random.next()),
  );
  const yQuantization = perTensor(
    yScale,
    spec.halfwords ? (spec.outputZero ?? 0) : (spec.zeroPoint ?? random.pick([-128, 0, random.integer(-128, 127)])),
  );
  const attributes = {
    ...{ kernel_shape: kernel, strides, pads, dilations, group },
    ...(spec.clamp === undefined ? {} : { clamp: spec.clamp }),
    ...(spec.law === undefined ? {} : { law: spec.law }),
  };
  const node: Node = { name: 'conv', op: 'Conv', domain: '', inputs: ['x', 'w', 'b'], outputs: ['y'], attributes };
  const values = (nhwc: boolean): Map<string, Value> => {
    const order = (n: number, c: number, h: number, v: number) => (nhwc ? [n, h, v, c] : [n, c, h, v]);
    return new Map<string, Value>([
      ['x', { name: 'x', dtype, shape: order(batches, channels, height, width), quantization: xQuantization }],
      ['w', { name: 'w', dtype: 'int8', shape: wShape, quantization: wQuantization, constant: w }],
      ['b', { name: 'b', dtype: 'int32', shape: [outputs], constant: bias }],
      ['y', { name: 'y', dtype, shape: order(batches, outputs, outHeight, outWidth), quantization: yQuantization }],
    ]);
  };
  const graphOf = (nhwc: boolean): Graph => ({
    ...{ name: 'conv', inputs: ['x'], outputs: ['y'], values: values(nhwc), states: [], opsets: new Map([['', 13]]) },
    nodes: [nhwc ? { ...node, attributes: { ...attributes, layout: 'NHWC' } } : node],
  });
  const reference = graphOf(false);
  const [y] = operatorOf(node).evaluate!(viewNode(reference, node, operatorOf(node)), [x, w, bias]);
  const graph = graphOf(true);
  return { graph, node: graph.nodes[0]!, inputs: new Map([['x', toNhwc(x)]]), expected: toNhwc(y!) };
}

export function toNhwc(t: Tensor): Tensor {
  const [n, c, h, w] = t.shape as [number, number, number, number];
  return { dtype: t.dtype, shape: [n, h, w, c], data: permute(t.data, t.shape, [0, 2, 3, 1]) };
}

function perTensor(scale: number, zeroPoint: number): Quantization {
  return { scale: [Math.fround(scale)], zeroPoint: [zeroPoint] };
}

function tensor(dtype: Tensor['dtype'], shape: readonly number[], element: () => number): Tensor {
  const data = allocate(dtype, elementCount(shape)) as Int32Array;
  for (let i = 0; i < data.length; i += 1) data[i] = element();
  return { dtype, shape, data };
}
