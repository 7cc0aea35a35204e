import { type DataType, integerRange, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { clampFloat } from './shared/convolution.js';
import { isFloat } from './shared/elementwise.js';
import { clampKernel, evaluateUnary, floatCall, inferUnary, tableKernels } from './shared/unary.js';

/** numeric_limits<float>::max(): where ONNX puts the bounds that are left out. */
const LARGEST = 3.4028234663852886e38;

/** min(max(x, low), high): bounds are attributes before opset 11, inputs since. */
export default defineOp({
  name: 'Clip',
  domain: '',
  opsets: [6, 11, 12, 13],
  summary: 'constant bounds; quantized: folded into the operator before it, or a table of 256 bytes; float32',
  inputs: [{ name: 'input' }, { name: 'min', optional: true }, { name: 'max', optional: true }],
  outputs: ['output'],
  attributes: { min: { type: 'float' }, max: { type: 'float' } },
  quantized: 'table',
  infer: (view) => [inferUnary(view)],
  evaluate: (view, [x, min, max]) => {
    const [low, high] = bounds(view, min, max);
    if (x!.dtype === 'float32' || view.required(0).quantization !== undefined) {
      return [evaluateUnary(view, x!, (element) => clampFloat(element, low, high))];
    }
    const [bottom, top] = integerBounds(x!.dtype, min, max);
    return [evaluateUnary(view, x!, Number, (element) => clampInteger(element, bottom, top))];
  },
  kernels: [
    ...tableKernels(ruleOf),
    {
      function: 'nanoc_clip_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({ call: floatCall(context, 'nanoc_clip_f32', constantBounds(context)) }),
    },
    clampKernel(ruleOf),
  ],
});

function ruleOf(view: NodeView): (x: number) => number {
  const [low, high] = constantBounds(view);
  return (x) => clampFloat(x, low, high);
}

function constantBounds(view: NodeView): [number, number] {
  const [min, max] = [1, 2].map((index) => {
    const value = view.input(index);
    if (value !== undefined && value.constant === undefined) {
      view.bad(`the bound "${value.name}" is computed at run time`, { expected: 'a constant' });
    }
    return value?.constant;
  });
  return bounds(view, min, max);
}

function bounds(view: NodeView, min: Tensor | undefined, max: Tensor | undefined): [number, number] {
  const bound = (tensor: Tensor | undefined, attribute: string, open: number) => {
    if (tensor !== undefined) return Number(tensor.data[0]);
    return view.has(attribute) ? Math.fround(view.float(attribute)) : open;
  };
  return [bound(min, 'min', -LARGEST), bound(max, 'max', LARGEST)];
}

function integerBounds(dtype: DataType, min: Tensor | undefined, max: Tensor | undefined): [bigint, bigint] {
  const open: readonly [bigint, bigint] =
    dtype === 'int64'
      ? [-(2n ** 63n), 2n ** 63n - 1n]
      : dtype === 'uint64'
        ? [0n, 2n ** 64n - 1n]
        : dtype === 'uint32'
          ? [0n, 2n ** 32n - 1n]
          : (integerRange(dtype as 'int32').map(BigInt) as [bigint, bigint]);
  return [min === undefined ? open[0] : BigInt(min.data[0]!), max === undefined ? open[1] : BigInt(max.data[0]!)];
}

function clampInteger(x: bigint, low: bigint, high: bigint): bigint {
  if (x < low) return low;
  return x > high ? high : x;
}
