/** The kernel options of Conv for cores with MVE. */

import type { KernelCall } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { macsOf } from '../../ops/shared/convolution.js';
import { clamps } from '../arm-dsp/layer.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { convLayer } from '../nodes.js';
import { convCost, convLead, generateConv, isDirect, type MveConvShape } from './conv.js';
import { packGemm } from './gemm.js';
import { type Geometry, geometryOf, leaves } from './geometry.js';
import { mveParams, sumRemarks } from './layer.js';
import { matvecCall } from './matvec-call.js';
import { generateRows, packRows, rowsCost, rowsLead, whyNotRows } from './rows.js';

/** Windows of several taps over whole vectors of channels, whether or not it is the fastest way for them. */
export const anyRows: KernelOption = {
  function: 'nanoc_conv_rows_mve',
  family: 'native',
  needs: ['mve', 'fpu'],
  when: (context) => {
    const refusal = whyNotConv(context) ?? whyNotRows(geometryOf(context));
    if (refusal !== undefined) return refusal;
    return convLayer(context, 'centred').weightZeros === undefined || 'a weight less its zero point leaves int8';
  },
  build: (context) => ({ call: rowsCall(context) }),
};

export const mveRows: KernelOption = {
  ...anyRows,
  when: (context) => {
    const fits = anyRows.when!(context);
    if (fits !== true) return fits;
    const g = geometryOf(context);
    return rowsCost(g) < convCost(g) || 'two pixels at a time take fewer instructions';
  },
};

export const mveConv: KernelOption = {
  function: 'nanoc_conv_mve',
  family: 'native',
  needs: ['mve', 'fpu'],
  when: (context) => whyNotConv(context) ?? true,
  build: (context) => ({ call: gemmCall(context, convLayer(context, 'centred'), geometryOf(context)) }),
};

/** A convolution with one output pixel, whose window is the whole image, is a matrix product with one row. */
export const mveConvOfAll: KernelOption = {
  function: 'nanoc_matvec_mve',
  family: 'native',
  needs: ['mve', 'fpu'],
  when: (context) => {
    const refusal = whyNotConv(context);
    if (refusal !== undefined) return refusal;
    const g = geometryOf(context);
    const whole = g.batches === 1 && g.kernelHeight === g.inHeight && g.kernelWidth === g.inWidth;
    return (whole && g.outHeight * g.outWidth === 1 && !leaves(g)) || 'the window is not the whole image';
  },
  build: (context) => ({ call: matvecCall(context, convLayer(context, 'centred')) }),
};

function whyNotConv(context: LowerContext): string | undefined {
  const x = context.required(0);
  if (x.quantization === undefined) return 'the input is float32';
  return context.int('group') === 1 ? undefined : 'grouped';
}

function rowsCall(context: LowerContext): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const layer = convLayer(context, 'centred');
  const geometry = geometryOf(context);
  const generated = generateRows({ geometry, clamps: clamps(layer) });
  const copies = generated.scratchBytes > 0;
  return {
    node: context.node,
    family: 'native',
    function: generated.function,
    header: generated.header,
    sources: [],
    generated: generated.generated,
    assemblyStack: generated.stack,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      ...(copies ? [{ kind: 'scratch' as const }] : []),
      mveParams(context, layer, packRows(layer, geometry)),
    ],
    ...(copies ? { scratch: { bytes: generated.scratchBytes, alignment: 16 } } : {}),
    alignment: 4,
    overlaps: [{ input: x.name, output: y.name, lead: rowsLead(geometry) }],
    macs: macsOf(y, layer.inner),
    remarks: sumRemarks(layer),
  };
}

/** Also the call of matrix products, whose rows are pixels. */
export function gemmCall(context: LowerContext, layer: StreamLayer, geometry: Geometry): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const shape: MveConvShape = { geometry, clamps: clamps(layer), zeros: layer.weightZeros !== undefined };
  const generated = generateConv(shape);
  const direct = isDirect(geometry);
  return {
    node: context.node,
    family: 'native',
    function: generated.function,
    header: generated.header,
    sources: [],
    generated: generated.generated,
    assemblyStack: generated.stack,
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      ...(direct ? [] : [{ kind: 'scratch' as const }]),
      mveParams(context, layer, packGemm(layer)),
    ],
    ...(direct ? { alignment: 4 } : { scratch: { bytes: generated.scratchBytes, alignment: 16 } }),
    overlaps: [{ input: x.name, output: y.name, lead: convLead(shape) }],
    macs: macsOf(y, layer.inner),
    remarks: sumRemarks(layer),
  };
}
