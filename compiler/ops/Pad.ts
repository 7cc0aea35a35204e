import type { GraphEditor } from '../ir/builders.js';
import type { KernelCall } from '../ir/kernel-call.js';
import { allocate, bytesOf, elementCount, type Tensor } from '../ir/tensor.js';
import { cmsisPad } from '../kernels/cmsis-nn/move.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import { leadOfSteps, type Step } from './shared/overlap.js';
import { axesOf, forEachOffset, integersOf, padLeft, stridesOf } from './shared/shapes.js';
import { elementBytes, moveCall } from './shared/views.js';

const MODES = ['constant', 'edge', 'reflect', 'wrap'];
/** NANOC_PAD_RANK of nanoc/move.h. */
const RANK = 4;

/** Canonical: attributes `pads` for all axes, `mode` and `value`, which is in quantized units when the data are quantized. */
export default defineOp({
  name: 'Pad',
  domain: '',
  opsets: [2, 11, 13, 18, 19, 21, 23, 24],
  summary: 'constant, edge, reflect and wrap; constant pads, also negative ones',
  inputs: [
    { name: 'data' },
    { name: 'pads', optional: true, mustBeConstant: true },
    { name: 'constant_value', optional: true, mustBeConstant: true },
    { name: 'axes', optional: true, mustBeConstant: true },
  ],
  outputs: ['output'],
  attributes: {
    mode: {
      type: 'string',
      default: 'constant',
      check: (mode) => (MODES.includes(String(mode)) ? undefined : `is unknown: "${mode}"`),
    },
    pads: { type: 'ints' },
    value: { type: 'float', default: 0 },
  },
  quantized: 'moves-data',
  infer(view) {
    const { dtype, shape } = view.required(0);
    const pads = padsOf(view);
    checkReach(view, pads);
    return [{ dtype, shape: shape.map((n, axis) => n + pads[axis]! + pads[axis + shape.length]!) }];
  },
  normalize: normalizePad,
  evaluate: (view, [x]) => [evaluatePad(view, x!)],
  kernels: [cmsisPad, { function: 'nanoc_pad', family: 'portable', build: (context) => ({ call: padCall(context) }) }],
});

/** Begins of all axes, then ends. */
function padsOf(view: NodeView): readonly number[] {
  const rank = view.required(0).shape.length;
  const given = integersOf(view.input(1)) ?? (view.has('pads') ? view.ints('pads') : undefined);
  if (given === undefined) return view.bad('the pads are missing');
  const axes = axesOf(view, 3, rank) ?? Array.from({ length: rank }, (_, axis) => axis);
  if (given.length !== 2 * axes.length) {
    view.bad(`there are ${given.length} pads`, { expected: `${2 * axes.length}: begins, then ends` });
  }
  const pads = Array<number>(2 * rank).fill(0);
  axes.forEach((axis, i) => {
    pads[axis] = given[i]!;
    pads[axis + rank] = given[i + axes.length]!;
  });
  return pads;
}

function checkReach(view: NodeView, pads: readonly number[]): void {
  const { shape } = view.required(0);
  shape.forEach((size, axis) => {
    const [before, after] = [pads[axis]!, pads[axis + shape.length]!];
    const left = size + Math.min(before, 0) + Math.min(after, 0);
    if (left < 1) view.bad(`negative pads leave nothing of dimension ${axis}, which is ${size}`);
    if (view.string('mode') === 'reflect' && Math.max(before, after) >= left) {
      view.bad(`dimension ${axis} of ${left} cannot be reflected over ${Math.max(before, after)} elements`, {
        expected: `at most ${left - 1}`,
      });
    }
  });
}

function fillOf(view: NodeView): number {
  const value = view.input(2);
  return value === undefined ? view.float('value') : Number(value.constant!.data[0]);
}

/** Negative pads cut off what a Slice takes away first. */
function normalizePad(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const { name, shape, ...rest } = view.required(0);
  const pads = padsOf(view);
  const canonical = node.inputs.length === 1 && ['pads', 'mode', 'value'].every((each) => view.has(each));
  if (canonical && pads.every((pad) => pad >= 0)) return;
  const attributes = { mode: view.string('mode'), value: fillOf(view), pads: pads.map((pad) => Math.max(pad, 0)) };
  if (pads.every((pad) => pad >= 0)) {
    editor.replaceNode(node, { ...node, inputs: [name], attributes });
    return;
  }
  const starts = shape.map((_, axis) => Math.max(-pads[axis]!, 0));
  const ends = shape.map((size, axis) => size + Math.min(pads[axis + shape.length]!, 0));
  const { constant: _, source: __, ...value } = rest;
  const cut = editor.addValue({ ...value, name: `${name}__cut`, shape: ends.map((end, axis) => end - starts[axis]!) });
  const slice = { starts, ends, axes: shape.map((_unused, axis) => axis), steps: shape.map(() => 1) };
  editor.replaceNode(
    node,
    {
      name: editor.freshName(`${node.name}_cut`),
      op: 'Slice',
      domain: '',
      inputs: [name],
      outputs: [cut],
      attributes: slice,
    },
    { ...node, inputs: [cut], attributes },
  );
}

/** Index in the input, or -1 where the fill value stands. */
function sourceIndex(i: number, size: number, mode: string): number {
  if (i >= 0 && i < size) return i;
  if (mode === 'edge') return i < 0 ? 0 : size - 1;
  if (mode === 'reflect') return i < 0 ? -i : 2 * (size - 1) - i;
  if (mode === 'wrap') return ((i % size) + size) % size;
  return -1;
}

function evaluatePad(view: NodeView, x: Tensor): Tensor {
  const { dtype, shape } = view.output(0);
  const pads = padsOf(view);
  // With negative pads the indices count from the elements that are left.
  const cut = x.shape.map((_, axis) => Math.max(-pads[axis]!, 0));
  const left = x.shape.map((size, axis) => size - cut[axis]! + Math.min(pads[axis + shape.length]!, 0));
  const strides = stridesOf(x.shape);
  const mode = view.string('mode');
  const data = allocate(dtype, elementCount(shape));
  const fill = view.input(2)?.constant?.data[0] ?? asElement(view.float('value'), data);
  const unit = shape.map((_, axis) => shape.map((_unused, other) => (axis === other ? 1 : 0)));
  forEachOffset(shape, unit, (position, index) => {
    let from = 0;
    let outside = false;
    index.forEach((i, axis) => {
      const at = sourceIndex(i - Math.max(pads[axis]!, 0), left[axis]!, mode);
      outside ||= at < 0;
      from += (at + cut[axis]!) * strides[axis]!;
    });
    data[position] = outside ? fill : x.data[from]!;
  });
  return { dtype, shape, data };
}

function asElement(value: number, data: Tensor['data']): number | bigint {
  return data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(value) : value;
}

interface Dimension {
  size: number;
  before: number;
  after: number;
}

/** Neighbouring dimensions without padding are one; what follows the last padded one is the block. */
function merged(view: NodeView): { dimensions: Dimension[]; block: number } {
  const { shape } = view.required(0);
  const pads = padsOf(view);
  const dimensions: Dimension[] = [];
  shape.forEach((size, axis) => {
    const [before, after] = [pads[axis]!, pads[axis + shape.length]!];
    const last = dimensions.at(-1);
    const plain = before === 0 && after === 0;
    if (plain && last !== undefined && last.before === 0 && last.after === 0) last.size *= size;
    else dimensions.push({ size, before, after });
  });
  let block = 1;
  while (dimensions.length > 0 && dimensions.at(-1)!.before === 0 && dimensions.at(-1)!.after === 0)
    block *= dimensions.pop()!.size;
  return { dimensions, block };
}

function padCall(context: LowerContext): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const { dimensions, block } = merged(context);
  if (dimensions.length > RANK) {
    context.bad(`padding reaches over ${dimensions.length} dimensions`, { expected: `at most ${RANK}` });
  }
  const element = elementBytes(x);
  const value = allocate(x.dtype, 1);
  value[0] = asElement(fillOf(context), value);
  const list = (read: (dimension: Dimension) => number, fill: number) => ({
    ints: padLeft(dimensions.map(read), RANK, fill),
  });
  return moveCall(context, 'nanoc_pad', {
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      {
        kind: 'params',
        struct: 'nanoc_pad_params',
        fields: {
          mode: { int: MODES.indexOf(context.string('mode')) },
          element: { int: element },
          block: { int: block * element },
          in: list(({ size }) => size, 1),
          before: list(({ before }) => before, 0),
          out: list(({ size, before, after }) => before + size + after, 1),
          fill: { ints: [...bytesOf(value), ...Array<number>(8 - element).fill(0)] },
        },
      },
    ],
    overlaps: [{ input: x.name, output: y.name, lead: leadOf(context, dimensions, block * element) }],
  });
}

/** The kernel writes row after row; each row of the input is read until its row of the output is complete. */
function leadOf(context: LowerContext, dimensions: readonly Dimension[], block: number): number {
  const mode = context.string('mode');
  const outer = dimensions.slice(0, -1);
  const row = dimensions.at(-1) ?? { size: 1, before: 0, after: 0 };
  const rowBytes = row.size * block;
  const outBytes = (row.before + row.size + row.after) * block;
  const strides = stridesOf(outer.map(({ size }) => size));
  const shape = outer.map(({ size, before, after }) => before + size + after);
  const unit = outer.map((_, axis) => outer.map((_unused, other) => (axis === other ? 1 : 0)));
  const steps: Step[] = [];
  forEachOffset(shape, unit, (position, index) => {
    const from = index.map((i, axis) => sourceIndex(i - outer[axis]!.before, outer[axis]!.size, mode));
    const outside = from.some((at) => at < 0);
    const readStart = outside
      ? Number.POSITIVE_INFINITY
      : from.reduce((sum, at, axis) => sum + at * strides[axis]!, 0) * rowBytes;
    const step = { readStart, writeEnd: (position + 1) * outBytes };
    steps.push(step, step);
  });
  return leadOfSteps(steps, elementCount(context.required(0).shape) * elementBytes(context.required(0)));
}
