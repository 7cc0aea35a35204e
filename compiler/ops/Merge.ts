import { elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp } from './define.js';

/**
 * output = the case whose number the selector holds: cases of a bool are [else, then]. It is what is left of ONNX `If` (compiler/ir/guards.ts):
 * only the case that is taken is computed, so the others are absent here. Costs nothing where each case writes the output itself.
 */
export default defineOp({
  name: 'Merge',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'the value of the branch that was taken',
  inputs: [{ name: 'selector' }, { name: 'cases', variadic: true }],
  outputs: ['output'],
  attributes: {},
  quantized: 'float',
  infer(view) {
    const selector = view.required(0);
    if (elementCount(selector.shape) !== 1) {
      view.bad(`the condition "${selector.name}" has shape [${selector.shape}]`, {
        expected: 'one element',
        because: 'a branch is taken as a whole or not at all',
        help: 'choose element by element with Where',
      });
    }
    // What passes make of it later may choose by an integer; If is all there is here.
    if (selector.dtype !== 'bool')
      view.bad(`the condition "${selector.name}" is ${selector.dtype}`, {
        expected: 'bool',
        help: 'compare it with a number, or Cast it to bool, when exporting',
      });
    const cases = view.node.inputs.slice(1).map((_, index) => view.required(index + 1));
    const [first] = cases;
    const other = cases.find(({ dtype, shape }) => dtype !== first!.dtype || shape.join() !== first!.shape.join());
    if (other !== undefined) {
      view.bad(`one branch gives ${first!.dtype}[${first!.shape}], another ${other.dtype}[${other.shape}]`, {
        expected: 'the same type and shape from every branch',
        because: 'all memory is static',
        help: 'bring the outputs of the branches to one shape (Reshape, Pad) when exporting',
      });
    }
    return [{ dtype: first!.dtype, shape: first!.shape }];
  },
  normalize(view, editor) {
    const constant = view.required(0).constant;
    if (constant === undefined) return;
    const taken = view.node.inputs[Number(constant.data[0]) + 1];
    if (taken !== undefined)
      editor.replaceNode(view.node, { ...view.node, op: 'Reshape', domain: '', inputs: [taken] });
  },
  evaluate: (view, [selector, ...cases]) => [chosen(view.node.name, selector!, cases)],
});

function chosen(name: string, selector: Tensor, cases: readonly (Tensor | undefined)[]): Tensor {
  const found = cases[Number(selector.data[0])];
  if (found === undefined)
    throw new Error(`invariant: "${name}" takes case ${selector.data[0]}, which was not computed`);
  return found;
}
