/** Reshape chains become one Reshape; Reshapes and Transposes that change nothing disappear. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import type { Pass } from './pass.js';
import { sameQuantization } from './quantization.js';

export const removeNoOps: Pass = {
  name: 'remove-no-ops',
  run(editor) {
    for (const node of editor.nodes) {
      if (!editor.has(node)) continue;
      const current = node.op === 'Reshape' && node.domain === '' ? mergeReshape(editor, node) : node;
      if (isNoOp(editor, current)) bypass(editor, current);
    }
  },
};

/** Reshape(Reshape(x)) reads x itself. */
function mergeReshape(editor: GraphEditor, node: Node): Node {
  let input = node.inputs[0]!;
  for (
    let above = editor.producer(input);
    above?.op === 'Reshape' && above.domain === '';
    above = editor.producer(input)
  ) {
    const next = above.inputs[0]!;
    if (!sameQuantization(editor.value(next).quantization, editor.value(input).quantization)) break;
    input = next;
  }
  if (input === node.inputs[0]) return node;
  return editor.updateNode(node, { inputs: [input] });
}

function isNoOp(editor: GraphEditor, node: Node): boolean {
  if (node.domain !== '' || (node.op !== 'Reshape' && node.op !== 'Transpose')) return false;
  const input = editor.value(node.inputs[0]!);
  const output = editor.value(node.outputs[0]!);
  if (input.shape.join() !== output.shape.join() || input.dtype !== output.dtype) return false;
  if (!sameQuantization(input.quantization, output.quantization)) return false;
  return node.op === 'Reshape' || (node.attributes.perm as readonly number[]).every((p, i) => p === i);
}

/** Readers of the output read the input. A graph output keeps its name: the producer of the input writes it instead, if that is free. */
function bypass(editor: GraphEditor, node: Node): void {
  const [input, output] = [node.inputs[0]!, node.outputs[0]!];
  if (!editor.isGraphOutput(output)) {
    editor.replaceUses(output, input);
    editor.removeNode(node);
    return;
  }
  const producer = editor.producer(input);
  if (producer === undefined || editor.isGraphOutput(input) || editor.base.inputs.includes(input)) return;
  editor.removeNode(node);
  editor.replaceNode(producer, {
    ...producer,
    outputs: producer.outputs.map((name) => (name === input ? output : name)),
  });
  editor.replaceUses(input, output);
}
