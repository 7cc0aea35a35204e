/** Questions that the passes which recognise chains of operators ask. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';

/** An operator of ai.onnx. */
export function isOp(node: Node, op: string): boolean;
export function isOp(node: Node | undefined, op: string): node is Node;
export function isOp(node: Node | undefined, op: string): boolean {
  return node?.op === op && node.domain === '';
}

/** The writer of a value that nothing else reads. */
export function soleProducer(editor: GraphEditor, name: string): Node | undefined {
  const alone = editor.consumers(name).length === 1 && !editor.isGraphOutput(name);
  return alone ? editor.producer(name) : undefined;
}
