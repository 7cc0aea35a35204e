import type { GraphEditor } from '../ir/builders.js';
import { elementCount } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { NodeWriter } from './shared/node-writer.js';
import { axisOf, integersOf } from './shared/shapes.js';

const [PAST, UPDATE, AT] = [0, 1, 2];

/**
 * TensorScatter-24: the rows of `update` replace those of a cache from `write_indices` on. https://onnx.ai/onnx/operators/onnx__TensorScatter.html
 * One row at a computed index becomes CacheUpdate, in place where the cache is a state; an index outside of the cache, of which ONNX says nothing,
 * writes nothing. Rows at known indices become Concat.
 */
export default defineOp({
  name: 'TensorScatter',
  domain: '',
  opsets: [24],
  summary:
    'one row at a computed index, in place where the cache is a state; several rows at constant indices, one for all of the batch',
  inputs: [{ name: 'past_cache' }, { name: 'update' }, { name: 'write_indices', optional: true }],
  outputs: ['present_cache'],
  attributes: {
    axis: { type: 'int', default: -2 },
    mode: {
      type: 'string',
      default: 'linear',
      check: (value) => (['linear', 'circular'].includes(String(value)) ? undefined : `is unknown: "${value}"`),
    },
  },
  quantized: 'float',
  infer(view) {
    const [past, update] = [view.required(PAST), view.required(UPDATE)];
    const axis = axisOf(view, view.int('axis'), past.shape.length);
    const expected = past.shape.map((size, i) => (i === axis ? (update.shape[axis] ?? 0) : size));
    if (axis === 0) view.bad('axis is 0', { expected: 'a dimension behind the batch' });
    if (update.dtype !== past.dtype || update.shape.join() !== expected.join() || expected[axis]! > past.shape[axis]!)
      view.bad(`the update is ${update.dtype}[${update.shape}], the cache ${past.dtype}[${past.shape}]`, {
        expected: `one type, and shapes that differ in dimension ${axis} only`,
      });
    if (indexOf(view) === undefined) checkComputed(view, past.shape[0]!, expected[axis]!);
    return [{ dtype: past.dtype, shape: past.shape }];
  },
  normalize,
});

/** The index that the compiler knows, of all of the batch. */
function indexOf(view: NodeView): number | undefined {
  const given = view.input(AT);
  if (given === undefined) return 0;
  const indices = integersOf(given);
  if (indices === undefined) return undefined;
  const [first = 0] = indices;
  const [size, rows] = [PAST, UPDATE].map((index) => {
    const { shape } = view.required(index);
    return shape[axisOf(view, view.int('axis'), shape.length)]!;
  }) as [number, number];
  const start = view.string('mode') === 'circular' ? ((first % size) + size) % size : first;
  if (indices.some((index) => index !== first) || start < 0 || start + rows > size)
    view.bad(`write_indices are [${indices}] for ${rows} of ${size} rows`, {
      expected: 'one index for all of the batch, and rows that end inside the cache',
    });
  return start;
}

function checkComputed(view: NodeView, batch: number, rows: number): void {
  if (batch !== 1 || rows !== 1 || elementCount(view.required(AT).shape) !== 1)
    view.bad(`${rows} rows for each of ${batch} are written at a computed index`, {
      expected: 'one row, and a batch of 1',
      because: 'models are compiled a token a step',
      help: 'export the model one token at a step',
    });
  if (view.string('mode') === 'circular')
    view.bad('mode is "circular" and write_indices is computed', {
      expected: 'linear',
      because: 'no remainder is computed on the chip',
      help: 'give the model the index in the ring',
    });
}

function normalize(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const { name: past, shape, dtype } = view.required(PAST);
  const axis = axisOf(view, view.int('axis'), shape.length);
  const [, update, at] = node.inputs as [string, string, string];
  const start = indexOf(view);
  if (start === undefined) {
    const inputs = [past, update, at];
    editor.replaceNode(node, { ...node, op: 'CacheUpdate', domain: 'ai.nanoc', inputs, attributes: { axis } });
    return;
  }
  const writer = new NodeWriter(editor, node);
  const end = start + view.required(UPDATE).shape[axis]!;
  const piece = (from: number, to: number) => {
    const own = shape.map((size, i) => (i === axis ? to - from : size));
    const bounds = { starts: [from], ends: [to], axes: [axis], steps: [1] };
    return from === to ? [] : [writer.write('Slice', [past], own, bounds, dtype)];
  };
  const parts = [...piece(0, start), update, ...piece(end, shape[axis]!)];
  editor.replaceNode(node, { ...node, op: 'Concat', inputs: parts, attributes: { axis } });
}
