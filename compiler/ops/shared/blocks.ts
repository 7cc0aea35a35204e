/** DepthToSpace and SpaceToDepth: both are a Reshape, a Transpose and a Reshape. */
import type { GraphEditor } from '../../ir/builders.js';
import type { AttributeSpec, NodeView } from '../define.js';

export const blocksize: AttributeSpec = {
  type: 'int',
  required: true,
  check: (size) => (Number(size) >= 1 ? undefined : `must be at least 1, and is ${size}`),
};

/** [N, C, H, W] of the input. */
export function imageOf(view: NodeView): [number, number, number, number] {
  const { shape } = view.required(0);
  if (shape.length !== 4) view.bad(`the input has ${shape.length} dimensions`, { expected: '4 (N, C, H, W)' });
  return shape as unknown as [number, number, number, number];
}

/** Replaces the node by Reshape to `split`, Transpose by `perm`, Reshape to the output. */
export function replaceByBlocks(
  view: NodeView,
  editor: GraphEditor,
  split: readonly number[],
  perm: readonly number[],
): void {
  const { node } = view;
  const { constant: _, source: __, ...value } = view.output(0);
  const blocks = editor.addValue({ ...value, name: `${value.name}__blocks`, shape: split });
  const moved = editor.addValue({ ...value, name: `${value.name}__moved`, shape: perm.map((axis) => split[axis]!) });
  const reshape = { op: 'Reshape', domain: '', attributes: {} };
  editor.replaceNode(
    node,
    { ...reshape, name: editor.freshName(`${node.name}_split`), inputs: [node.inputs[0]!], outputs: [blocks] },
    {
      name: editor.freshName(`${node.name}_move`),
      op: 'Transpose',
      domain: '',
      inputs: [blocks],
      outputs: [moved],
      attributes: { perm },
    },
    { ...reshape, name: node.name, inputs: [moved], outputs: [node.outputs[0]!] },
  );
}
