/**
 * Where(Equal(0, 1, 2 ..., position), row, past) replaces one row of a tensor: as exporters write a key-value cache of fixed size. It
 * becomes CacheUpdate, which writes that row alone where the tensor is updated in place.
 */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import type { Pass } from './pass.js';
import { positionAgainstIndices } from './positions.js';

export const updateCaches: Pass = {
  name: 'update-caches',
  run(editor) {
    for (const node of editor.nodes) if (node.op === 'Where' && node.domain === '') update(editor, node);
  },
};

function update(editor: GraphEditor, node: Node): void {
  const [condition, row, past] = node.inputs as [string, string, string];
  const { shape } = editor.value(node.outputs[0]!);
  const [rows, ...rest] = shape as [number, ...number[]];
  if (shape.length < 2 || editor.value(past).shape.join() !== shape.join()) return;
  if (editor.value(condition).shape.join() !== [rows, ...rest.map(() => 1)].join()) return;
  const rowShape = editor.value(row).shape;
  const isRow = rowShape.join() === [1, ...rest].join() || rowShape.join() === rest.join();
  if (!isRow || elementCount(rest) === 0) return;
  const position = positionAgainstIndices(editor, condition, ['Equal'], rows);
  if (position === undefined) return;
  editor.replaceNode(node, {
    ...node,
    op: 'CacheUpdate',
    domain: 'ai.nanoc',
    inputs: [past, row, position.name],
    attributes: {},
  });
}
