/** What Conv and its integer forms share: shapes, the step from 1-D to 2-D, and the fields of their kernels. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Value } from '../../ir/graph.js';
import type { ParamValue } from '../../ir/kernel-call.js';
import type { AttributeSpec, LowerContext, NodeView } from '../define.js';
import { addReshape, addReshapeBack, reshapeConstant, withHeight } from './rewrite.js';
import { as2d, type Window, windowAttributes, windowOf, windowOnly } from './window.js';

export const convAttributes: Readonly<Record<string, AttributeSpec>> = {
  ...windowAttributes,
  group: { type: 'int', default: 1, check: (g) => (Number(g) >= 1 ? undefined : `must be at least 1, and is ${g}`) },
};

/**
 * The shape of the output, [N, M, ...]; X is input 0, W input 1.
 * @param bias index of the input that has a number for each output channel
 * @throws NC0204 where shapes do not fit
 */
export function convShape(view: NodeView, bias?: number): readonly number[] {
  const x = view.required(0);
  const w = view.required(1);
  const rank = x.shape.length;
  if (rank !== 3 && rank !== 4) {
    view.bad(`the input has ${rank} dimensions`, {
      expected: '3 (N, C, L) or 4 (N, C, H, W)',
      because: '3-D convolutions are not supported',
    });
  }
  if (w.shape.length !== rank) view.bad(`the weights have ${w.shape.length} dimensions, the input ${rank}`);
  const group = view.int('group');
  const [n, channels] = x.shape as [number, number];
  const [m, perGroup] = w.shape as [number, number];
  if (channels !== perGroup * group) {
    view.bad(`${channels} input channels do not fit weights for ${perGroup} in ${group} group(s)`, {
      expected: `${perGroup * group} channels`,
    });
  }
  if (m % group !== 0) view.bad(`${m} output channels do not divide into ${group} groups`);
  const b = bias === undefined ? undefined : view.input(bias);
  if (b !== undefined && b.shape.join() !== String(m))
    view.bad(`the bias has shape [${b.shape}]`, { expected: `[${m}]` });
  const window = windowOf(view, x.shape.slice(2), w.shape.slice(2));
  return [n, m, ...window.output];
}

/** All attributes explicit, 1-D as 2-D with a height of 1; inputs behind W stay. */
export function normalizeConv(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const x = view.required(0);
  const w = view.required(1);
  const window = windowOf(view, x.shape.slice(2), w.shape.slice(2));
  const attributes = { ...windowOnly(as2d(window)), group: view.int('group') };
  if (x.shape.length === 4) {
    const explicit =
      ['kernel_shape', 'strides', 'dilations', 'pads', 'group'].every((name) => view.has(name)) &&
      !view.has('auto_pad');
    if (!explicit) editor.updateNode(node, { attributes });
    return;
  }
  const input = addReshape(editor, x.name, withHeight(x.shape), '__2d');
  const weights = reshapeConstant(editor, w.name, withHeight(w.shape));
  if (weights === undefined) return view.bad('the weights must be constant');
  const output = addReshapeBack(editor, node.outputs[0]!, withHeight(view.output(0).shape), '__2d');
  editor.replaceNode(node, {
    ...node,
    inputs: [input, weights, ...node.inputs.slice(2)],
    outputs: [output],
    attributes,
  });
}

export interface Geometry {
  readonly x: Value;
  readonly w: Value;
  readonly y: Value;
  readonly window: Window;
  readonly batches: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly outputs: number;
  readonly group: number;
}

/** X is input 0, W input 1; x and y are NHWC here, the weights still [M, C/group, kH, kW]. */
export function geometry(context: LowerContext): Geometry {
  const x = context.required(0);
  const w = context.required(1);
  const y = context.output(0);
  const [batches, height, width, channels] = x.shape as [number, number, number, number];
  return {
    x,
    w,
    y,
    window: windowOf(context, [height, width], w.shape.slice(2)),
    batches,
    channels,
    height,
    width,
    outputs: w.shape[0]!,
    group: context.int('group'),
  };
}

/** True where the window is one pixel, without steps or padding, for all channels: a product of the pixels. */
export function hasPlainPixels(context: LowerContext): true | string {
  const { window, group } = geometry(context);
  if (group !== 1) return 'grouped';
  const plain =
    window.kernel.every((k) => k === 1) && window.strides.every((s) => s === 1) && window.pads.every((p) => p === 0);
  return plain || 'the kernel is larger than 1x1, strided or padded';
}

/** True for a depthwise convolution without multiplier. */
export function hasOwnFilters(context: LowerContext): true | string {
  const { group, channels, outputs } = geometry(context);
  return (group === channels && group !== 1 && outputs === channels) || 'not one filter for each channel';
}

/** The fields of every kernel of windows, up to the number of groups. */
export function spatialFields({
  window,
  batches,
  channels,
  height,
  width,
  outputs,
}: Geometry): Record<string, ParamValue> {
  const [kernelH, kernelW] = window.kernel as [number, number];
  const [outH, outW] = window.output as [number, number];
  return {
    batches: { int: batches },
    in_h: { int: height },
    in_w: { int: width },
    in_c: { int: channels },
    out_h: { int: outH },
    out_w: { int: outW },
    out_c: { int: outputs },
    kernel_h: { int: kernelH },
    kernel_w: { int: kernelW },
    stride_h: { int: window.strides[0]! },
    stride_w: { int: window.strides[1]! },
    dilation_h: { int: window.dilations[0]! },
    dilation_w: { int: window.dilations[1]! },
    pad_top: { int: window.pads[0]! },
    pad_left: { int: window.pads[1]! },
  };
}
