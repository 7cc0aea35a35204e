import { elementCount } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { type Choice, checkExperts, type ExpertSizes, Experts, expertAttributes } from './shared/experts.js';

/**
 * com.microsoft.MoE-1, one token: y = sum over the k likeliest experts e of p(e) * (fc2(e) f(fc1(e) x + b1(e)) + b2(e)), p = softmax(router_probs).
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MoE
 * It becomes ArgMax, Gather of the chosen weights, and products, of which route-experts makes branches: what is not chosen is not read.
 * As ONNX Runtime's CPU kernel has it, gelu is the one with tanh, and swiglu takes gate and linear part in turn (swiglu_fusion 1).
 */
export default defineOp({
  name: 'MoE',
  domain: 'com.microsoft',
  opsets: [1],
  summary:
    'float32, one token, constant weights; relu, gelu, silu, interleaved swiglu, identity; no fc3, no sparse mixer',
  inputs: [
    { name: 'input' },
    { name: 'router_probs' },
    { name: 'fc1_experts_weights', mustBeConstant: true },
    { name: 'fc1_experts_bias', optional: true, mustBeConstant: true },
    { name: 'fc2_experts_weights', mustBeConstant: true },
    { name: 'fc2_experts_bias', optional: true, mustBeConstant: true },
    { name: 'fc3_experts_weights', optional: true },
    { name: 'fc3_experts_bias', optional: true },
  ],
  outputs: ['output'],
  attributes: expertAttributes,
  quantized: 'float',
  infer(view) {
    const { experts, hidden, inner, width } = sizesOf(view);
    const [input, router] = [view.required(0), view.required(1)];
    const shapeOf = (index: number) => view.input(index)?.shape.join();
    const wrong = (index: number, ...shape: number[]) =>
      view.input(index) !== undefined && shapeOf(index) !== shape.join();
    for (const { name, dtype } of view.node.inputs.flatMap((_, index) => view.input(index) ?? []))
      if (dtype !== 'float32') view.bad(`"${name}" is ${dtype}`, { expected: 'float32' });
    if (elementCount(input.shape) !== hidden || elementCount(router.shape) !== experts)
      view.bad(`the input is [${input.shape}], router_probs [${router.shape}]`, {
        expected: `one token: ${hidden} and ${experts} elements`,
        because: 'each token may go to other experts',
        help: 'export the model one token at a step',
      });
    if (wrong(3, experts, inner) || wrong(4, experts, hidden, width) || wrong(5, experts, hidden))
      view.bad(`the weights have shapes [${[3, 4, 5].map(shapeOf).join('], [')}]`, {
        expected: `[${[experts, inner]}], [${[experts, hidden, width]}], [${[experts, hidden]}]`,
      });
    if (view.input(6) !== undefined || view.input(7) !== undefined)
      view.bad('has fc3_experts_weights', {
        because: 'a third product is not done; ONNX Runtime has none on CPUs either',
      });
    checkExperts(view, sizesOf(view));
    return [{ dtype: 'float32', shape: input.shape }];
  },
  normalize: (view, editor) => new FloatExperts(view, editor, sizesOf(view)).run(),
});

function sizesOf(view: NodeView): ExpertSizes {
  const [experts = 0, inner = 0, hidden = 0] = view.required(2).shape;
  return { experts, inner, hidden, width: view.string('activation_type') === 'swiglu' ? inner / 2 : inner };
}

const INPUTS = { fc1: [2, 3], fc2: [4, 5] } as const;

class FloatExperts extends Experts {
  /** The k likeliest experts, the first of equals first. */
  protected routes(): Choice[] {
    const { experts } = this.sizes;
    const likely = this.writer.write('Softmax', [this.router()], [experts], { axis: 0 });
    const found = this.largest(likely, -1, 0);
    if (this.view.int('normalize_routing_weights') === 0) return found;
    const sum = found.map(({ score }) => score).reduce((a, b) => this.writer.write('Add', [a, b], [1]));
    return found.map(({ index, score }) => ({ index, score: this.writer.write('Div', [score, sum], [1]) }));
  }

  protected product(x: string, index: string, layer: 'fc1' | 'fc2', rows: readonly number[]): string {
    const [weights, bias] = INPUTS[layer];
    const columns = this.view.required(weights).shape[2]!;
    const shape = [columns, rows.length];
    const chosen = this.writer.write('Gather', [this.turned(weights, rows), index], shape, { axis: 0 });
    const sum = this.writer.write('MatMul', [x, chosen], [1, rows.length]);
    if (this.view.input(bias) === undefined) return sum;
    const own = this.writer.write('Gather', [this.turned(bias, rows), index], [rows.length], { axis: 0 });
    return this.writer.write('Add', [sum, own], [1, rows.length]);
  }

  /** Some rows of all experts' constants: [experts, rows, columns] as [experts, columns, rows], [experts, rows] as they are. */
  private turned(input: number, rows: readonly number[]): string {
    const { name, shape, constant } = this.view.required(input);
    const [experts, all, columns = 1] = shape as [number, number, number?];
    const from = constant!.data as Float32Array;
    const data = new Float32Array(experts * rows.length * columns);
    let at = 0;
    for (let expert = 0; expert < experts; expert += 1)
      for (let column = 0; column < columns; column += 1)
        for (const row of rows) data[at++] = from[(expert * all + row) * columns + column]!;
    const turned = shape.length === 3 ? [experts, columns, rows.length] : [experts, rows.length];
    return this.writer.constant(name, { dtype: 'float32', shape: turned, data });
  }
}
