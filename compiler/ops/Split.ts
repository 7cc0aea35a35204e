import type { GraphEditor } from '../ir/builders.js';
import { defineOp, type NodeView } from './define.js';
import { axisOf, integersOf, stridesOf } from './shared/shapes.js';
import { walked } from './shared/strided.js';

export default defineOp({
  name: 'Split',
  domain: '',
  opsets: [1, 2, 11, 13, 18],
  summary: 'constant sizes; becomes one Slice for each output',
  inputs: [{ name: 'input' }, { name: 'split', optional: true, mustBeConstant: true }],
  outputs: ['outputs...'],
  attributes: {
    axis: { type: 'int', default: 0 },
    split: { type: 'ints' },
    num_outputs: { type: 'int' },
  },
  quantized: 'moves-data',
  infer(view) {
    const { dtype, shape } = view.required(0);
    const axis = axisOf(view, view.int('axis'), shape.length);
    return partsOf(view, axis).map((size) => ({ dtype, shape: shape.map((n, i) => (i === axis ? size : n)) }));
  },
  normalize: splitIntoSlices,
  evaluate(view, [x]) {
    const { shape } = view.required(0);
    const axis = axisOf(view, view.int('axis'), shape.length);
    const strides = stridesOf(shape);
    let start = 0;
    return partsOf(view, axis).map((size) => {
      const part = shape.map((n, i) => (i === axis ? size : n));
      const offset = start * strides[axis]!;
      start += size;
      const output = { ...view, output: () => ({ name: '', dtype: x!.dtype, shape: part }) };
      return walked(output, x!, { offset, shape: part, strides });
    });
  },
});

/** Sizes along the axis; equal ones, the last smaller, where the model gives none. */
function partsOf(view: NodeView, axis: number): readonly number[] {
  const size = view.required(0).shape[axis]!;
  const count = view.node.outputs.length;
  const given = integersOf(view.input(1)) ?? (view.has('split') ? view.ints('split') : undefined);
  if (given !== undefined) {
    if (given.length !== count) view.bad(`${given.length} sizes for ${count} outputs`);
    if (given.some((n) => n < 1) || given.reduce((a, b) => a + b, 0) !== size) {
      view.bad(`the sizes [${given}] do not add up to dimension ${axis}, which is ${size}`);
    }
    return given;
  }
  const parts = view.has('num_outputs') ? view.int('num_outputs') : count;
  if (parts !== count) view.bad(`num_outputs is ${parts}, and there are ${count} outputs`);
  const part = Math.ceil(size / parts);
  const last = size - part * (parts - 1);
  if (last < 1 || (last !== part && !view.has('num_outputs')))
    view.bad(`dimension ${axis} of ${size} does not divide into ${parts} parts`);
  return Array.from({ length: parts }, (_, i) => (i === parts - 1 ? last : part));
}

function splitIntoSlices(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const axis = axisOf(view, view.int('axis'), view.required(0).shape.length);
  let start = 0;
  const slices = partsOf(view, axis).flatMap((size, index) => {
    const [first, output] = [start, node.outputs[index]!];
    start += size;
    if (output === '') return [];
    const attributes = { starts: [first], ends: [start], axes: [axis], steps: [1] };
    const name = index === 0 ? node.name : editor.freshName(`${node.name}_${index}`);
    return [{ name, op: 'Slice', domain: '', inputs: [node.inputs[0]!], outputs: [output], attributes }];
  });
  editor.replaceNode(node, ...slices);
}
