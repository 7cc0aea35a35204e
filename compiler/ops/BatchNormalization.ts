import type { GraphEditor } from '../ir/builders.js';
import { elementCount } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';

const f = Math.fround;

/**
 * y = x * factor + term for each channel, factor = scale / sqrt(var + epsilon), term = B - mean * factor, in float32.
 * It becomes Mul and Add, which fold into a convolution before them.
 */
export default defineOp({
  name: 'BatchNormalization',
  domain: '',
  opsets: [7, 9, 14, 15],
  summary: 'inference with constant parameters: folded into the convolution before it, else Mul and Add in float32',
  inputs: [
    { name: 'X' },
    { name: 'scale', mustBeConstant: true },
    { name: 'B', mustBeConstant: true },
    { name: 'input_mean', mustBeConstant: true },
    { name: 'input_var', mustBeConstant: true },
  ],
  outputs: ['Y', 'running_mean', 'running_var', 'saved_mean', 'saved_var'],
  attributes: {
    epsilon: { type: 'float', default: 1e-5 },
    momentum: { type: 'float', default: 0.9 },
    training_mode: {
      type: 'int',
      default: 0,
      check: (value) => (value === 0 ? undefined : 'is 1: training is not compiled'),
    },
  },
  quantized: 'float',
  infer(view) {
    const x = view.required(0);
    if (x.dtype !== 'float32') view.bad(`"${x.name}" is ${x.dtype}`, { expected: 'float32' });
    const channels = x.shape[1] ?? view.bad(`the input has shape [${x.shape}]`, { expected: 'two dimensions or more' });
    for (let index = 1; index <= 4; index += 1) {
      const { name, shape } = view.required(index);
      if (elementCount(shape) !== channels)
        view.bad(`"${name}" has ${elementCount(shape)} elements`, { expected: `${channels}` });
    }
    return [{ dtype: 'float32', shape: x.shape }];
  },
  normalize: normalizeBatchNormalization,
});

function normalizeBatchNormalization(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const [x, y] = [view.required(0), view.output(0)];
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map(
    (index) => view.required(index).constant!.data as Float32Array,
  );
  const epsilon = f(view.float('epsilon'));
  const factor = scale!.map((s, c) => f(s / f(Math.sqrt(f(variance![c]! + epsilon)))));
  const term = bias!.map((b, c) => f(b - f(mean![c]! * factor[c]!)));
  const shape = [factor.length, ...x.shape.slice(2).map(() => 1)];
  const constant = (suffix: string, data: Float32Array) =>
    editor.addConstant(`${y.name}__${suffix}`, { dtype: 'float32', shape, data });
  const product = editor.addValue({ name: `${y.name}__scaled`, dtype: 'float32', shape: x.shape });
  const origins = node.origins ?? [node.name];
  const rest = { domain: '', attributes: {}, origins };
  editor.replaceNode(
    node,
    {
      ...rest,
      name: editor.freshName(`${node.name}_scale`),
      op: 'Mul',
      inputs: [x.name, constant('factor', factor)],
      outputs: [product],
    },
    { ...rest, name: node.name, op: 'Add', inputs: [product, constant('term', term)], outputs: [y.name] },
  );
}
