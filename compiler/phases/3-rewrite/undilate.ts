/**
 * A convolution dilated along one axis is a dense one on another view of the same bytes: with d for the dilation, position q * d + r is
 * row q and column r of an image d columns wide, and taps d apart lie below each other. Dense windows are what kernels walk fastest, and
 * the view costs nothing. (The space-to-batch of dilated convolutions in TensorFlow, with the columns of an image in place of its batches.)
 * Where the length or the padding at its start is not a multiple of d, the input is filled up with zeros, and what is too long is cut off.
 * The kernels for MVE walk dilated windows as fast as dense ones, and everybody's but Xtensa's do in depthwise layers: those stay as they are.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, Value } from '../../ir/graph.js';
import type { Feature } from '../../ir/target.js';
import { elementCount } from '../../ir/tensor.js';
import { addReshape, addReshapeBack } from '../../ops/shared/rewrite.js';
import type { Pass } from './pass.js';

export const undilate: Pass = {
  name: 'undilate',
  run(editor, _, features = new Set()) {
    if (features.has('mve')) return;
    for (const node of editor.nodes) if (node.op === 'Conv' && isWorthIt(editor, node, features)) rewrite(editor, node);
  },
};

function isWorthIt(editor: GraphEditor, node: Node, features: ReadonlySet<Feature>): boolean {
  const x = editor.value(node.inputs[0]!);
  if (node.domain !== '' || x.quantization === undefined) return false;
  const isDepthwise = node.attributes.group !== 1 && node.attributes.group === x.shape[3];
  return !isDepthwise || features.has('xtensa');
}

/** Where the taps lie: `dilation` positions of `unit` pixels apart on an axis of `length` positions. */
interface Axis {
  readonly taps: number;
  readonly dilation: number;
  readonly length: number;
  readonly unit: number;
  readonly begin: number;
  readonly end: number;
}

function rewrite(editor: GraphEditor, node: Node): void {
  const x = editor.value(node.inputs[0]!);
  const y = editor.value(node.outputs[0]!);
  const axis = dilatedAxis(node, x);
  if (axis === undefined) return;
  const { taps, dilation, length, unit, begin, end } = axis;
  const [batches, channels] = [x.shape[0]!, x.shape[3]!];
  const outputs = length + begin + end - (taps - 1) * dilation;
  const before = begin % dilation;
  const rows = Math.ceil((before + length) / dilation);
  const outputRows = Math.ceil(outputs / dilation);
  const after = rows * dilation - before - length;
  const excess = outputRows * dilation - outputs;
  // The elements of several batches would have to move apart.
  if (batches > 1 && before + after + excess > 0) return;
  const weights = editor.value(node.inputs[1]!);
  if (weights.constant === undefined) return;

  const width = dilation * unit;
  const filled = before + after > 0 ? addZeros(editor, x, [before * unit * channels, after * unit * channels]) : x.name;
  const input = addReshape(editor, filled, [batches, rows, width, channels], '__dense');
  const shape = [y.shape[0]!, outputRows, width, y.shape[3]!];
  const output =
    excess > 0
      ? addCut(editor, y, shape, outputs * unit * y.shape[3]!)
      : addReshapeBack(editor, y.name, shape, '__dense');
  const window = [...weights.shape.slice(0, 2), taps, 1];
  const { name, constant, source: _, ...rest } = weights;
  const top = (begin - before) / dilation;
  editor.replaceNode(node, {
    ...node,
    inputs: [
      input,
      editor.addConstant(`${name}__dense`, { ...constant, shape: window }, rest),
      ...node.inputs.slice(2),
    ],
    outputs: [output],
    attributes: {
      ...node.attributes,
      kernel_shape: [taps, 1],
      strides: [1, 1],
      dilations: [1, 1],
      pads: [top, 0, outputRows + taps - 1 - rows - top, 0],
    },
  });
}

/** The axis of a window that has one: rows of any image under a window one column wide, or the columns of a single row. */
function dilatedAxis(node: Node, x: Value): Axis | undefined {
  const list = (name: string) => node.attributes[name] as readonly number[];
  if (node.attributes.layout !== 'NHWC' || x.shape.length !== 4) return undefined;
  const [, height, width] = x.shape as [number, number, number];
  const [kernel, strides, dilations, pads] = ['kernel_shape', 'strides', 'dilations', 'pads'].map(list) as number[][];
  for (const [along, across] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const isAlone = kernel![across] === 1 && strides![across] === 1 && pads![across] === 0 && pads![across + 2] === 0;
    const isDilated = kernel![along]! > 1 && dilations![along]! > 1 && strides![along] === 1;
    if (!isAlone || !isDilated || (along === 1 && height !== 1)) continue;
    return {
      taps: kernel![along]!,
      dilation: dilations![along]!,
      length: along === 0 ? height : width,
      unit: along === 0 ? width : 1,
      begin: pads![along]!,
      end: pads![along + 2]!,
    };
  }
  return undefined;
}

/** All elements of `x` in a row, with zeros round them. @returns the name of the new value, [elements] */
function addZeros(editor: GraphEditor, x: Value, pads: readonly [number, number]): string {
  const flat = addReshape(editor, x.name, [elementCount(x.shape)], '__flat');
  const { source: _, ...rest } = editor.value(flat);
  const output = editor.addValue({
    ...rest,
    name: `${x.name}__filled`,
    shape: [elementCount(x.shape) + pads[0] + pads[1]],
  });
  const value = x.quantization?.zeroPoint[0] ?? 0;
  editor.addNode({
    name: editor.freshName(`${output}_pad`),
    op: 'Pad',
    domain: '',
    inputs: [flat],
    outputs: [output],
    attributes: { mode: 'constant', value, pads },
  });
  return output;
}

/** A value of `shape` of which the first `elements` are `y`. @returns its name */
function addCut(editor: GraphEditor, y: Value, shape: readonly number[], elements: number): string {
  const flat = addReshapeBack(editor, y.name, [elements], '__flat');
  const { source: _, ...rest } = editor.value(flat);
  const whole = editor.addValue({ ...rest, name: `${y.name}__whole`, shape: [elementCount(shape)] });
  editor.addNode({
    name: editor.freshName(`${flat}_cut`),
    op: 'Slice',
    domain: '',
    inputs: [whole],
    outputs: [flat],
    attributes: { starts: [0], ends: [elements], axes: [0], steps: [1] },
  });
  return addReshapeBack(editor, whole, shape, '__dense');
}
