/** The RotaryEmbedding that stands for a chain of operators. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { soleQuantize } from './quantization.js';

export interface Pairs {
  /** The tensor [..., pairs, 2]. */
  readonly name: string;
  readonly isQuantized: boolean;
}

/** Bytes in and bytes out, or floats in and floats out. */
export function replaceByRotary(
  editor: GraphEditor,
  node: Node,
  x: Pairs,
  angles: readonly string[],
  attributes: Node['attributes'] = {},
): void {
  const rotary = { ...node, op: 'RotaryEmbedding', domain: 'ai.nanoc', attributes };
  if (!x.isQuantized) {
    if (editor.value(x.name).dtype === 'float32') editor.replaceNode(node, { ...rotary, inputs: [x.name, ...angles] });
    return;
  }
  const quantize = soleQuantize(editor, node);
  if (quantize === undefined) return;
  const [from, to] = [editor.value(x.name), editor.value(quantize.outputs[0]!)];
  if (from.dtype !== 'int8' || to.dtype !== 'int8') return;
  editor.replaceNode(node, { ...rotary, inputs: [x.name, ...angles], outputs: quantize.outputs });
  editor.removeNode(quantize);
}
