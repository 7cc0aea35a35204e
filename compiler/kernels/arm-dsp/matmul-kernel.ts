/** The kernel options of MatMul for cores with the DSP extension and an FPU: constant int8 weights, one row or many. */

import type { Graph } from '../../ir/graph.js';
import type { KernelCall } from '../../ir/kernel-call.js';
import { elementCount } from '../../ir/tensor.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { macsOf } from '../../ops/shared/convolution.js';
import { leadOfSteps } from '../../ops/shared/overlap.js';
import { matmulLayer, rowsOf, whyNotMatrix } from '../nodes.js';
import { scratchIsFree } from '../where-it-pays.js';
import { anyCall, anyRowCall, anyScratchBytes } from './any-call.js';
import { SAVED_BYTES } from './assembly.js';
import { type DspConvShape, generateConv } from './conv.js';
import {
  clamps,
  hasLowestZeroPoint,
  hasZeroPoints,
  kindsOf,
  packedRowsOf,
  packingFor,
  paramsOf,
  requantizationRemarks,
  zeroPointFormFor,
} from './layer.js';
import { generateMatvec } from './matvec.js';
import { packStream, type StreamLayer, whyNotPacked } from './stream.js';

export const SHARES_CODE = 'for size the row is given to the code of many rows';

export const LOWEST_ZERO_POINT = 'a zero point of the weights is the lowest number of their type';

/** For size a single row is given to the driver of many rows where the model has it anyway and its scratch costs no memory. */
export function sharesCode(context: LowerContext, inner: number, columns: number): boolean {
  return (
    context.optimize === 'size' &&
    !hasZeroPoints(context) &&
    hasManyRows(context.graph) &&
    scratchIsFree(context, anyScratchBytes(inner, columns, 1))
  );
}

/** Whether some convolution or product of the model has more than one output pixel or row. */
function hasManyRows(graph: Graph): boolean {
  return graph.nodes.some(({ op, inputs, outputs, attributes }) => {
    const [weights, y] = [graph.values.get(inputs[1] ?? ''), graph.values.get(outputs[0] ?? '')];
    if (weights?.constant === undefined || y === undefined) return false;
    if (op === 'Conv') return (attributes.group ?? 1) === 1 && elementCount(y.shape) > weights.shape[0]!;
    return op === 'MatMul' && elementCount(y.shape) > weights.shape.at(-1)!;
  });
}

function rowSharesCode(context: LowerContext): boolean {
  const [inner, columns] = context.required(1).shape as [number, number];
  return sharesCode(context, inner, columns);
}

export const dspMatvec: KernelOption = {
  function: 'nanoc_matvec_dsp',
  family: 'native',
  needs: ['dsp', 'fpu'],
  when: (context) => {
    const refusal = whyNot(context);
    if (refusal !== undefined) return refusal;
    if (rowsOf(context) !== 1) return 'more than one row';
    if (rowSharesCode(context)) return SHARES_CODE;
    if (context.required(1).shape[0]! % 4 !== 0) return 'the number of inputs is no multiple of four';
    return whyNotPacked(layerIn(context), 4, packingFor(context)) ?? true;
  },
  build: (context) => ({ call: matvecCall(context, layerIn(context)) }),
};

export const dspMatmul: KernelOption = {
  function: 'nanoc_conv_dsp',
  family: 'native',
  needs: ['dsp', 'fpu'],
  when: (context) => {
    const refusal = whyNot(context);
    if (refusal !== undefined) return refusal;
    return rowsOf(context) === 1 && !rowSharesCode(context)
      ? 'a single row'
      : (whyNotPacked(layerIn(context), 2, packingFor(context)) ?? true);
  },
  build: (context) => ({ call: matmulCall(context) }),
};

function whyNot(context: LowerContext): string | undefined {
  return whyNotMatrix(context) ?? (hasLowestZeroPoint(context) ? LOWEST_ZERO_POINT : undefined);
}

function layerIn(context: LowerContext): StreamLayer {
  return matmulLayer(context, zeroPointFormFor(context));
}

function weightsPerOutput(context: LowerContext, { channels }: StreamLayer): number {
  return elementCount(context.required(1).shape) / channels.length;
}

/** One row of inputs that lie one behind the other. */
export function matvecCall(context: LowerContext, layer: StreamLayer): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  if (context.optimize === 'size' && layer.sumLanes === 0) return anyRowCall(context, layer);
  const stream = packStream(layer, 4, packingFor(context));
  const kinds = kindsOf(stream);
  const params = paramsOf(context, layer, stream);
  const generated = generateMatvec({
    ...{
      packing: stream.packing,
      inner: layer.inner,
      sumLanes: layer.sumLanes,
      columns: layer.channels.length,
      shift: stream.shift,
      kinds,
      clamps: clamps(layer),
    },
    // The sum of the inputs stands behind widened ones.
    widensOnce: layer.sumLanes > 0 || scratchIsFree(context, 2 * layer.inner),
  });
  return {
    node: context.node,
    family: 'native',
    function: generated.function,
    header: generated.header,
    sources: [],
    generated: generated.generated,
    assemblyStack: SAVED_BYTES,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      ...(generated.scratchBytes > 0 ? [{ kind: 'scratch' } as const] : []),
      params,
    ],
    ...(generated.scratchBytes > 0 ? { scratch: { bytes: generated.scratchBytes, alignment: 8 } } : {}),
    overlaps: [],
    alignment: 4,
    ...(stream.packing === 'bytes' ? packedRowsOf(layer, params) : {}),
    macs: macsOf(y, weightsPerOutput(context, layer)),
    remarks: requantizationRemarks(stream),
  };
}

/** Rows are the pixels of a 1x1 convolution. */
function matmulCall(context: LowerContext): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const layer = layerIn(context);
  const small = context.optimize === 'size';
  const stream = packStream(layer, 2, packingFor(context), small ? 'exact' : undefined);
  const rows = rowsOf(context);
  const inner = context.required(1).shape[0]!;
  const columns = layer.channels.length;
  const shape: DspConvShape = {
    ...{
      batches: 1,
      inHeight: 1,
      inWidth: rows,
      inChannels: inner,
      outHeight: 1,
      outWidth: rows,
      outChannels: columns,
    },
    ...{ kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1, padTop: 0, padLeft: 0 },
    ...{
      packing: stream.packing,
      sumLanes: layer.sumLanes,
      shift: stream.shift,
      kinds: kindsOf(stream),
      clamps: clamps(layer),
    },
  };
  const steps = Array.from({ length: Math.ceil(rows / 2) }, (_, pair) => ({
    readStart: 2 * pair * inner,
    writeEnd: Math.min(2 * pair + 2, rows) * columns,
  }));
  const lead = leadOfSteps(steps, rows * inner);
  if (small && layer.sumLanes === 0) return anyCall(context, shape, layer, stream, lead);
  const generated = generateConv(shape);
  return {
    node: context.node,
    family: 'native',
    function: generated.function,
    header: generated.header,
    sources: [],
    generated: generated.generated,
    assemblyStack: SAVED_BYTES,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'scratch' },
      paramsOf(context, layer, stream),
    ],
    scratch: { bytes: generated.scratchBytes, alignment: 8 },
    overlaps: [{ input: x.name, output: y.name, lead }],
    macs: macsOf(y, inner),
    remarks: requantizationRemarks(stream),
  };
}
