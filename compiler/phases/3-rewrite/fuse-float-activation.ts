/** Float Conv, MatMul, Add ... followed by Relu or Clip: the activation becomes the attribute `clamp`, in real numbers. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { CLAMPING } from './fold-clamp.js';
import type { Pass } from './pass.js';

/** Largest finite float32: an open side of a clamp. */
const OPEN = 3.4028234663852886e38;

export const fuseFloatActivation: Pass = {
  name: 'fuse-float-activation',
  run(editor) {
    for (const node of editor.nodes) if (editor.has(node)) fuse(editor, node);
  },
};

function fuse(editor: GraphEditor, node: Node): void {
  if (node.domain !== '' || (node.op !== 'Relu' && node.op !== 'Clip')) return;
  const input = editor.value(node.inputs[0]!);
  const producer = editor.producer(input.name);
  if (input.dtype !== 'float32' || producer?.domain !== '' || !CLAMPING.has(producer.op)) return;
  if (producer.attributes.clamp !== undefined) return;
  if (editor.consumers(input.name).length !== 1 || editor.isGraphOutput(input.name)) return;
  const clamp = node.op === 'Relu' ? [0, OPEN] : clipBounds(editor, node);
  if (clamp === undefined) return;
  editor.removeNode(node);
  editor.replaceNode(producer, {
    ...producer,
    outputs: node.outputs,
    attributes: { ...producer.attributes, clamp },
    origins: [...(producer.origins ?? [producer.name]), node.name],
  });
}

function clipBounds(editor: GraphEditor, node: Node): [number, number] | undefined {
  const bound = (index: number, attribute: string, open: number): number | undefined => {
    const name = node.inputs[index];
    if (name === undefined || name === '') return Number(node.attributes[attribute] ?? open);
    const constant = editor.value(name).constant;
    return constant === undefined ? undefined : Math.min(OPEN, Math.max(-OPEN, Number(constant.data[0])));
  };
  const low = bound(1, 'min', -OPEN);
  const high = bound(2, 'max', OPEN);
  return low === undefined || high === undefined || low > high ? undefined : [low, high];
}
