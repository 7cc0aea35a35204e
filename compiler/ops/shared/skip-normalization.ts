/** com.microsoft's normalizations of a residual sum: Add, Add of a bias, and the normalization as operators of their own. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Inferred, NodeView } from '../define.js';

/** Four outputs, of which training's mean and inverse deviation are refused; the last is the sum itself. */
export function inferSkip(view: NodeView): Inferred[] {
  const [input, skip] = [view.required(0), view.required(1)];
  if (skip.shape.join() !== input.shape.join())
    view.bad(`the skip has shape [${skip.shape}]`, { expected: `[${input.shape}]` });
  if (view.node.outputs[1] || view.node.outputs[2])
    view.bad('asks for the mean or the inverse deviation', { because: 'they are of use in training only' });
  return [input, input, input, input];
}

/** @param bias index of the bias that is added to the sum */
export function normalizeSkip(
  view: NodeView,
  editor: GraphEditor,
  normalization: string,
  parameters: readonly string[],
  bias: number,
): void {
  const { node } = view;
  const { shape } = view.required(0);
  const add = (inputs: readonly string[], output: string | undefined): string => {
    const name = output || editor.addValue({ name: `${node.outputs[0]}__sum`, dtype: 'float32', shape });
    editor.addNode({
      name: editor.freshName(`${node.name}_sum`),
      op: 'Add',
      domain: '',
      inputs,
      outputs: [name],
      attributes: {},
    });
    return name;
  };
  const hasBias = view.input(bias) !== undefined;
  const plain = add(node.inputs.slice(0, 2), hasBias ? undefined : node.outputs[3]);
  const sum = hasBias ? add([plain, node.inputs[bias]!], node.outputs[3]) : plain;
  editor.replaceNode(node, {
    ...node,
    op: normalization,
    domain: '',
    inputs: [sum, ...parameters],
    outputs: [node.outputs[0]!],
    attributes: { axis: shape.length - 1, epsilon: view.float('epsilon') },
  });
}
