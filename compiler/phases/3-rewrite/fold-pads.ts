/** A Pad with real zeros before Conv or AveragePool is the operator's own padding. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import type { Pass } from './pass.js';

export const foldPads: Pass = {
  name: 'fold-pads',
  run(editor) {
    for (const node of editor.nodes) if (editor.has(node) && node.domain === '') fold(editor, node);
  },
};

function fold(editor: GraphEditor, node: Node): void {
  if (node.op !== 'Conv' && node.op !== 'AveragePool') return;
  const pad = editor.producer(node.inputs[0]!);
  if (pad?.op !== 'Pad' || pad.domain !== '' || (pad.attributes.mode ?? 'constant') !== 'constant') return;
  const zero = editor.value(pad.inputs[0]!).quantization?.zeroPoint[0] ?? 0;
  if (Number(pad.attributes.value ?? 0) !== zero) return;
  const pads = pad.attributes.pads as readonly number[];
  if (pads.length !== 8 || pads.some((p, i) => p < 0 || (i % 4 < 2 && p !== 0))) return;
  const own = node.attributes.pads as readonly number[];
  const attributes = {
    ...node.attributes,
    pads: [own[0]! + pads[2]!, own[1]! + pads[3]!, own[2]! + pads[6]!, own[3]! + pads[7]!],
  };
  if (node.op === 'AveragePool') {
    // The padded zeros count in the average, padding of the pool's own may not: one rule must hold for all.
    const counts = Number(node.attributes.count_include_pad ?? 0) === 1;
    if (!counts && own.some((p) => p !== 0)) return;
    Object.assign(attributes, { count_include_pad: 1 });
  }
  editor.updateNode(node, {
    inputs: [pad.inputs[0]!, ...node.inputs.slice(1)],
    attributes,
    origins: [pad.name, ...(node.origins ?? [node.name])],
  });
}
