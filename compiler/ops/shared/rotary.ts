/** The rotary embeddings of ai.onnx and com.microsoft, for one token, as RotaryEmbedding of ai.nanoc. */
import type { GraphEditor } from '../../ir/builders.js';
import { elementCount } from '../../ir/tensor.js';
import type { AttributeSpec, NodeView } from '../define.js';

export const rotaryAttributes: Readonly<Record<string, AttributeSpec>> = {
  interleaved: { type: 'int', default: 0 },
  num_heads: { type: 'int', default: 0 },
  rotary_embedding_dim: { type: 'int', default: 0 },
};

/** Which inputs are what. */
export interface RotaryInputs {
  readonly cos: number;
  readonly sin: number;
  readonly position: number;
}

interface Geometry {
  readonly heads: number;
  readonly dim: number;
}

/** @throws NC0204 for several tokens, and for a part of the head */
export function rotaryGeometry(view: NodeView, { cos, sin, position }: RotaryInputs): Geometry {
  const [x, angles] = [view.required(0), view.required(cos)];
  if (x.dtype !== 'float32') view.bad(`"${x.name}" is ${x.dtype}`, { expected: 'float32' });
  const pairs = angles.shape.at(-1)!;
  if (view.required(sin).shape.join() !== angles.shape.join())
    view.bad(`the sines have shape [${view.required(sin).shape}]`, { expected: `[${angles.shape}]` });
  const dim =
    x.shape.length === 4
      ? x.shape[3]!
      : view.int('num_heads') > 0
        ? x.shape.at(-1)! / view.int('num_heads')
        : 2 * pairs;
  const partial = view.int('rotary_embedding_dim');
  if (dim !== 2 * pairs || (partial !== 0 && partial !== dim))
    view.bad(`heads of ${dim} elements have ${pairs} angles`, {
      expected: 'an angle for each pair of the whole head',
      because: 'an embedding of a part of each head is not compiled',
      help: 'slice the part out, embed it, and concatenate',
    });
  const heads = elementCount(x.shape) / dim;
  const tokens = x.shape.length === 4 ? x.shape[0]! * x.shape[2]! : elementCount(x.shape.slice(0, -1));
  const ids = view.input(position);
  if (tokens !== 1 || !Number.isInteger(heads) || (ids !== undefined && elementCount(ids.shape) !== 1))
    view.bad(`"${x.name}" has shape [${x.shape}]: ${tokens} tokens`, {
      expected: 'one token: [1, heads, 1, head size] or [1, 1, hidden size], and one position',
      because: 'models are compiled a token a step',
    });
  return { heads, dim };
}

/** y = rotated x, seen as [heads, dim], or [heads, pairs, 2] where pairs are neighbours. */
export function normalizeRotary(view: NodeView, editor: GraphEditor, inputs: RotaryInputs): void {
  const { node } = view;
  const { heads, dim } = rotaryGeometry(view, inputs);
  const interleaved = view.int('interleaved') === 1;
  const shape = interleaved ? [heads, dim / 2, 2] : [heads, dim];
  const add = (op: string, from: readonly string[], stem: string, to: readonly number[], attributes = {}): string => {
    const name = editor.addValue({ name: `${node.outputs[0]}__${stem}`, dtype: 'float32', shape: to });
    editor.addNode({ name, op, domain: '', inputs: from, outputs: [name], attributes });
    return name;
  };
  const angles = [inputs.cos, inputs.sin].map((index, i) => {
    const { name, shape: all } = view.required(index);
    const ids = view.input(inputs.position);
    if (ids === undefined) return name;
    return add('Gather', [name, ids.name], i === 0 ? 'cos' : 'sin', [...ids.shape, all.at(-1)!], { axis: 0 });
  });
  const x = add('Reshape', [node.inputs[0]!], 'heads', shape);
  const turned = editor.addValue({ name: `${node.outputs[0]}__turned`, dtype: 'float32', shape });
  editor.replaceNode(
    node,
    {
      ...node,
      op: 'RotaryEmbedding',
      domain: 'ai.nanoc',
      inputs: [x, ...angles],
      outputs: [turned],
      attributes: interleaved ? {} : { halves: 1 },
    },
    {
      name: `${node.name}__shape`,
      op: 'Reshape',
      domain: '',
      inputs: [turned],
      outputs: node.outputs,
      attributes: {},
    },
  );
}
