/** The call of a product with one row, whether a MatMul or a Conv asks for it. */
import type { KernelCall } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { macsOf } from '../../ops/shared/convolution.js';
import { clamps } from '../arm-dsp/layer.js';
import type { StreamLayer } from '../arm-dsp/stream.js';
import { mveParams, sumRemarks } from './layer.js';
import { generateMatvec, packMatvec } from './matvec.js';

/** One row of inputs that lie one behind the other. */
export function matvecCall(context: LowerContext, layer: StreamLayer): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const shape = {
    inner: layer.inner,
    channels: layer.channels.length,
    clamps: clamps(layer),
    zeros: layer.weightZeros !== undefined,
  };
  const generated = generateMatvec(shape);
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
      mveParams(context, layer, packMatvec(layer)),
    ],
    // Small inputs are held in registers, but whether they are is no promise.
    overlaps: [],
    alignment: 4,
    macs: macsOf(y, layer.inner),
    remarks: sumRemarks(layer),
  };
}
