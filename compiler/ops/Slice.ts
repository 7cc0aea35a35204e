import { defineOp, type NodeView } from './define.js';
import { axisOf, integersOf, mergeDimensions, stridesOf } from './shared/shapes.js';
import { stridedCall, type Walk, walked } from './shared/strided.js';
import { windowKernel } from './shared/views.js';

export default defineOp({
  name: 'Slice',
  domain: '',
  opsets: [1, 10, 11, 13],
  summary: 'constant bounds, any steps; needs no code where the piece is contiguous',
  inputs: [
    { name: 'data' },
    { name: 'starts', optional: true, mustBeConstant: true },
    { name: 'ends', optional: true, mustBeConstant: true },
    { name: 'axes', optional: true, mustBeConstant: true },
    { name: 'steps', optional: true, mustBeConstant: true },
  ],
  outputs: ['output'],
  attributes: { starts: { type: 'ints' }, ends: { type: 'ints' }, axes: { type: 'ints' }, steps: { type: 'ints' } },
  quantized: 'moves-data',
  infer(view) {
    const { dtype, shape, constant } = view.required(0);
    const result = [...shape];
    for (const { axis, start, end, step } of bounds(view)) {
      result[axis] = Math.max(Math.ceil((end - start) / step), 0);
      // Shape arithmetic of exporters cuts lists of dimensions into pieces of which some are empty.
      if (result[axis] === 0 && constant === undefined)
        view.bad(`nothing of dimension ${axis} (${shape[axis]}) is left from ${start} to ${end}`);
    }
    return [{ dtype, shape: result }];
  },
  normalize(view, editor) {
    const { node } = view;
    if (node.inputs.length === 1 && ['starts', 'ends', 'axes', 'steps'].every((name) => view.has(name))) return;
    const list = bounds(view);
    const attributes = {
      starts: list.map(({ start }) => start),
      ends: list.map(({ end }) => end),
      axes: list.map(({ axis }) => axis),
      steps: list.map(({ step }) => step),
    };
    editor.replaceNode(node, { ...node, inputs: [node.inputs[0]!], attributes });
  },
  evaluate: (view, [x]) => [walked(view, x!, walkOf(view))],
  kernels: [
    windowKernel(contiguousOffset),
    {
      function: 'nanoc_strided_copy',
      family: 'portable',
      build: (context) => ({ call: stridedCall(context, walkOf(context)) }),
    },
  ],
});

interface Bound {
  readonly axis: number;
  readonly start: number;
  /** Not included; -1 when a negative step runs to the first element. */
  readonly end: number;
  readonly step: number;
}

/** ONNX Slice-13: negative indices count from the end once, then everything is clamped to the dimension. */
function bounds(view: NodeView): Bound[] {
  const { shape } = view.required(0);
  // In the canonical form everything is resolved, and an end of -1 means "before the first element".
  const canonical = view.node.inputs.length === 1 && view.has('steps');
  const list = (index: number, name: string) =>
    integersOf(view.input(index)) ?? (view.has(name) ? [...view.ints(name)] : undefined);
  const starts = list(1, 'starts') ?? view.bad('the starts are missing');
  const ends = list(2, 'ends') ?? view.bad('the ends are missing');
  const axes = list(3, 'axes') ?? starts.map((_, i) => i);
  const steps = list(4, 'steps') ?? starts.map(() => 1);
  if ([ends, axes, steps].some(({ length }) => length !== starts.length))
    view.bad('starts, ends, axes and steps have different lengths');
  if (new Set(axes.map((axis) => axisOf(view, axis, shape.length))).size !== axes.length)
    view.bad(`the axes [${axes}] repeat`);
  return starts.map((given, i) => {
    const axis = axisOf(view, axes[i]!, shape.length);
    const size = shape[axis]!;
    const step = steps[i]!;
    if (step === 0) view.bad('a step is 0');
    if (canonical) return { axis, start: given, end: ends[i]!, step };
    const inside = (x: number, low: number, high: number) => Math.min(Math.max(x < 0 ? x + size : x, low), high);
    if (step > 0) return { axis, start: inside(given, 0, size), end: inside(ends[i]!, 0, size), step };
    return { axis, start: inside(given, 0, size - 1), end: inside(ends[i]!, -1, size - 1), step };
  });
}

function walkOf(view: NodeView): Walk {
  const strides = stridesOf(view.required(0).shape);
  let offset = 0;
  const steps = [...strides];
  for (const { axis, start, step } of bounds(view)) {
    offset += start * strides[axis]!;
    steps[axis] = step * strides[axis]!;
  }
  return { offset, shape: view.output(0).shape, strides: steps };
}

function contiguousOffset(view: NodeView): number | string {
  // Rows that the next band needs are kept (compiler/bands): a view would keep the whole band.
  if (view.node.attributes.apart === true) return 'the piece outlives what it is cut from';
  const walk = walkOf(view);
  const { shape, strides } = mergeDimensions(walk.shape, [walk.strides]);
  const contiguous = shape.length === 0 || (shape.length === 1 && strides[0]![0] === 1);
  return contiguous ? walk.offset : 'the piece is not contiguous';
}
