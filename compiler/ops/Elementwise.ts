import { allocate, type Tensor } from '../ir/tensor.js';
import { elementwiseKernel } from '../kernels/elementwise.js';
import { dequantize, quantize } from '../numerics/requantize.js';
import { defineOp, type NodeView } from './define.js';
import { BINARY_STEPS, isBinary, parseSteps, type Step } from './shared/elementwise-steps.js';
import { perTensor } from './shared/quantized.js';

/**
 * Several elementwise operators in one loop, with the DequantizeLinear in front of them and the QuantizeLinear behind; every operation
 * rounds to float32 as the operators do one by one. nanoc makes it (fuse-elementwise).
 */
export default defineOp({
  name: 'Elementwise',
  domain: 'ai.nanoc',
  opsets: [1],
  summary: 'chains of Add, Sub, Mul, Div and functions of one byte, with their DequantizeLinear and QuantizeLinear',
  inputs: [{ name: 'x', variadic: true }],
  outputs: ['y'],
  attributes: { steps: { type: 'strings', required: true } },
  quantized: 'float',
  infer: (view) => [{ dtype: view.output(0).dtype, shape: view.output(0).shape }],
  evaluate: (view, inputs) => [compute(view, inputs as readonly Tensor[])],
  kernels: [elementwiseKernel],
});

function compute(view: NodeView, inputs: readonly Tensor[]): Tensor {
  const { dtype, shape } = view.output(0);
  const steps = parseSteps(view.node.attributes.steps as readonly string[]);
  const readers = steps.map((step) => reader(view, step, inputs));
  const finish = finisher(view);
  const data = allocate(dtype, inputs[0]!.data.length) as Float32Array;
  const results = steps.map(() => 0);
  for (let i = 0; i < data.length; i += 1) {
    readers.forEach((read, step) => void (results[step] = read(i, results)));
    data[i] = finish(results.at(-1)!);
  }
  return { dtype, shape, data };
}

function reader(
  view: NodeView,
  step: Step,
  inputs: readonly Tensor[],
): (i: number, results: readonly number[]) => number {
  if (isBinary(step)) {
    const { float } = BINARY_STEPS[step.kind];
    return (_, results) => float(results[step.left]!, results[step.right]!);
  }
  const { attributes } = view.node;
  if (step.kind === 'constant') return () => Math.fround(Number(attributes[`constant${step.index}`]));
  const input = inputs[step.index]!.data as Float32Array;
  if (step.kind === 'input') return (i) => input[i]!;
  if (step.kind === 'table') {
    const table = (attributes[`table${step.index}`] as Tensor).data as Float32Array;
    return (i) => table[input[i]! & 0xff]!;
  }
  const { scale, zeroPoint } = perTensor(view.required(step.index));
  return (i) => dequantize(input[i]!, scale, zeroPoint);
}

function finisher(view: NodeView): (real: number) => number {
  const output = view.output(0);
  if (output.dtype === 'float32') return (real) => real;
  const y = perTensor(output);
  return (real) => quantize(real, y.scale, y.zeroPoint, y.low, y.high);
}
