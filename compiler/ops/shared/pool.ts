/** What MaxPool, AveragePool and their global forms share. */
import type { GraphEditor } from '../../ir/builders.js';
import type { AttributeValue, Node } from '../../ir/graph.js';
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import { bytesPerElement, elementCount } from '../../ir/tensor.js';
import type { AttributeSpec, Inferred, LowerContext, NodeView } from '../define.js';
import { windowLead } from './overlap.js';
import { addReshape, addReshapeBack, withHeight } from './rewrite.js';
import { as2d, type Window, windowAttributes, windowOf, windowOnly } from './window.js';

export const poolAttributes: Readonly<Record<string, AttributeSpec>> = {
  ...windowAttributes,
  kernel_shape: { ...windowAttributes.kernel_shape, required: true },
  ceil_mode: { type: 'int', default: 0 },
};

export function inferPool(view: NodeView): Inferred {
  const { dtype, shape } = view.required(0);
  if (shape.length !== 3 && shape.length !== 4) {
    view.bad(`the input has ${shape.length} dimensions`, {
      expected: '3 (N, C, L) or 4 (N, C, H, W)',
      because: '3-D pools are not supported',
    });
  }
  return { dtype, shape: [shape[0]!, shape[1]!, ...poolWindow(view, shape.slice(2)).output] };
}

/** The window over the given spatial dimensions, one or two. */
export function poolWindow(view: NodeView, spatial: readonly number[]): Window {
  return windowOf(view, spatial, undefined, Number(view.node.attributes.ceil_mode ?? 0) === 1);
}

/** Shape [N, C, H, W] and window of a node in ONNX layout; a single spatial dimension is the width of a row. */
export function poolGeometry(view: NodeView): { readonly shape: readonly number[]; readonly window: Window } {
  const { shape } = view.required(0);
  return { shape: shape.length === 3 ? withHeight(shape) : shape, window: as2d(poolWindow(view, shape.slice(2))) };
}

/** Trailing rows and columns of padding that ceil_mode adds, which no average counts. */
export function uncountedOf(node: Node): readonly number[] {
  return (node.attributes.uncounted as readonly number[] | undefined) ?? [0, 0];
}

/**
 * The canonical form: two spatial dimensions, explicit pads, no auto_pad and no ceil_mode: what ceil_mode adds is padding
 * at the end, named in the attribute `uncounted`.
 */
export function normalizePool(
  view: NodeView,
  editor: GraphEditor,
  extra: Readonly<Record<string, AttributeValue>> = {},
): void {
  const { node } = view;
  const { shape } = view.required(0);
  const names = ['kernel_shape', 'strides', 'dilations', 'pads'];
  const canonical = names.every((name) => view.has(name)) && !view.has('auto_pad') && !view.has('ceil_mode');
  if (shape.length === 4 && canonical) return;
  const attributes = {
    ...canonicalWindow(as2d(poolWindow(view, shape.slice(2))), shape.length === 3 ? [1, shape[2]!] : shape.slice(2)),
    ...extra,
  };
  if (shape.length === 4) {
    editor.replaceNode(node, { ...node, attributes });
    return;
  }
  const input = addReshape(editor, node.inputs[0]!, withHeight(shape), '__2d');
  const output = addReshapeBack(editor, node.outputs[0]!, withHeight(view.output(0).shape), '__2d');
  editor.replaceNode(node, { ...node, inputs: [input], outputs: [output], attributes });
}

function canonicalWindow(window: Window, spatial: readonly number[]): Record<string, AttributeValue> {
  const { kernel, strides, dilations, pads, output } = window;
  const uncounted = spatial.map((size, i) => {
    const reach = (output[i]! - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1;
    return Math.max(reach - size - pads[i]! - pads[i + 2]!, 0);
  });
  const extended = pads.map((pad, i) => (i < 2 ? pad : pad + uncounted[i - 2]!));
  const attributes = windowOnly({ ...window, pads: extended });
  return uncounted.some((n) => n > 0) ? { ...attributes, uncounted } : attributes;
}

/** A pool over all positions: GlobalMaxPool and GlobalAveragePool as `op`. */
export function normalizeGlobalPool(view: NodeView, editor: GraphEditor, op: 'MaxPool' | 'AveragePool'): void {
  const { node } = view;
  const { shape } = view.required(0);
  const [batches, channels, ...spatial] = shape as [number, number, ...number[]];
  const flat = spatial.length === 2 ? spatial : [1, elementCount(spatial)];
  const input =
    spatial.length === 2 ? node.inputs[0]! : addReshape(editor, node.inputs[0]!, [batches, channels, ...flat], '__2d');
  const output =
    spatial.length === 2
      ? node.outputs[0]!
      : addReshapeBack(editor, node.outputs[0]!, [batches, channels, 1, 1], '__2d');
  const attributes = { kernel_shape: flat, strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
  editor.replaceNode(node, { name: node.name, op, domain: '', inputs: [input], outputs: [output], attributes });
}

/** Shape of the result of a global pool. */
export function inferGlobalPool(view: NodeView): Inferred {
  const { dtype, shape } = view.required(0);
  if (shape.length < 3) view.bad(`the input has ${shape.length} dimensions`, { expected: 'at least 3 (N, C, ...)' });
  return { dtype, shape: shape.map((size, axis) => (axis < 2 ? size : 1)) };
}

/** Calls `visit` for every output pixel of an [N, C, H, W] pool, with the offsets of the taps inside the image. */
export function forEachWindow(
  shape: readonly number[],
  window: Window,
  visit: (position: number, taps: readonly number[], row: number, column: number) => void,
): void {
  const [batches, channels, height, width] = shape as [number, number, number, number];
  const [outHeight, outWidth] = window.output as [number, number];
  const rows = Array.from({ length: outHeight }, (_, i) => tapsInside(window, 0, i, height));
  const columns = Array.from({ length: outWidth }, (_, i) => tapsInside(window, 1, i, width));
  let position = 0;
  for (let plane = 0; plane < batches * channels; plane += 1) {
    for (let row = 0; row < outHeight; row += 1) {
      for (let column = 0; column < outWidth; column += 1) {
        const taps = rows[row]!.flatMap((y) => columns[column]!.map((x) => (plane * height + y) * width + x));
        visit(position++, taps, row, column);
      }
    }
  }
}

function tapsInside(window: Window, axis: number, index: number, size: number): number[] {
  const start = index * window.strides[axis]! - window.pads[axis]!;
  const taps = Array.from({ length: window.kernel[axis]! }, (_, k) => start + k * window.dilations[axis]!);
  return taps.filter((at) => at >= 0 && at < size);
}

/** The window of a canonical pool whose values are [N, H, W, C]. */
export function loweredWindow(context: LowerContext): Window {
  return poolWindow(context, context.required(0).shape.slice(1, 3));
}

/** Fields of `nanoc_window` (nanoc/pool.h). */
export function windowFields(shape: readonly number[], window: Window): Record<string, ParamValue> {
  const [batches, height, width, channels] = shape as [number, number, number, number];
  return {
    batches: { int: batches },
    in_h: { int: height },
    in_w: { int: width },
    channels: { int: channels },
    out_h: { int: window.output[0]! },
    out_w: { int: window.output[1]! },
    kernel_h: { int: window.kernel[0]! },
    kernel_w: { int: window.kernel[1]! },
    stride_h: { int: window.strides[0]! },
    stride_w: { int: window.strides[1]! },
    dilation_h: { int: window.dilations[0]! },
    dilation_w: { int: window.dilations[1]! },
    pad_top: { int: window.pads[0]! },
    pad_left: { int: window.pads[1]! },
  };
}

/** A call of a kernel of nanoc/pool.h over x seen as [N, H, W, C]. */
export function poolCall(
  context: LowerContext,
  name: string,
  struct: string,
  fields: Record<string, ParamValue>,
  shape: readonly number[],
  window: Window,
): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const [batches, height, width, channels] = shape as [number, number, number, number];
  const pixel = channels * bytesPerElement(x.dtype);
  const walk = { batches, height, width, inputPixel: pixel, outputPixel: pixel, window, order: 'channelwise' } as const;
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/pool.h',
    sources: [`portable/${name}.c`, ...(name === 'nanoc_average_pool_s8' ? ['portable/nanoc_requantize.c'] : [])],
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      { kind: 'params', struct, fields },
    ],
    overlaps: [{ input: x.name, output: y.name, lead: windowLead(walk) }],
    alignment: bytesPerElement(x.dtype),
    macs: 0,
  };
}
