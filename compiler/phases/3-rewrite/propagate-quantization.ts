/** Moved bytes keep their meaning: a value without scale takes it from the other side of a movement operator. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { isMerge } from '../../ir/guards.js';
import { behaviourOf } from '../../ops/index.js';
import type { Pass } from './pass.js';
import { isByte, isHalfword, isPerTensor } from './quantization.js';

export const propagateQuantization: Pass = {
  name: 'propagate-quantization',
  run(editor) {
    propagate(editor);
    // Bytes that never meet a scale are numbers. The int8 kernel of MaxPool needs to know their zero point.
    for (const { op, domain, inputs } of editor.nodes) {
      if (op !== 'MaxPool' || domain !== '') continue;
      const value = editor.value(inputs[0]!);
      if (value.dtype !== 'uint8' || value.quantization !== undefined) continue;
      editor.setValue({ ...value, quantization: { scale: [1], zeroPoint: [0] } });
      propagate(editor);
    }
  },
};

function propagate(editor: GraphEditor): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (const node of editor.nodes) {
      const moves = behaviourOf(node) === 'moves-data';
      const sources = moves ? node.inputs.slice(0, 1) : joined(node);
      for (const output of sources.length > 0 ? node.outputs : []) {
        for (const input of sources) {
          if (copy(editor, input, output) || copy(editor, output, input)) changed = true;
        }
      }
    }
    for (const { input, output } of editor.base.states) {
      if (copy(editor, input, output) || copy(editor, output, input)) changed = true;
    }
  }
}

/** Inputs whose bytes the output is made of. */
function joined(node: Node): readonly string[] {
  if (isMerge(node)) return node.inputs.slice(1);
  return node.op === 'Concat' ? node.inputs : [];
}

function copy(editor: GraphEditor, from: string, to: string): boolean {
  const source = editor.value(from);
  const target = editor.value(to);
  if (!isByte(target) && !isHalfword(target)) return false;
  if (target.quantization !== undefined || !isPerTensor(source) || source.dtype !== target.dtype) return false;
  editor.setValue({ ...target, quantization: source.quantization! });
  return true;
}
