import type { Value } from '../ir/graph.js';
import type { KernelCall } from '../ir/kernel-call.js';
import { allocate, bytesPerElement, elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type KernelOption, type LowerContext, type NodeView } from './define.js';
import { axisOf } from './shared/shapes.js';
import { moveCall } from './shared/views.js';

/** Quantized, all inputs have the scale and zero point of the output (others pass a Requantize first): bytes are moved. */
export default defineOp({
  name: 'Concat',
  domain: '',
  opsets: [1, 4, 11, 13],
  summary: 'any axis; needs no code where the inputs lie one after the other in the output',
  inputs: [{ name: 'inputs', variadic: true }],
  outputs: ['concat_result'],
  attributes: { axis: { type: 'int', required: true } },
  quantized: 'integer',
  infer: (view) => [inferConcat(view)],
  evaluate: (view, inputs) => [evaluateConcat(view, inputs as readonly Tensor[])],
  // Elements are moved, whatever they are.
  kernels: [...movers(), ...movers('int16')],
});

function movers(takes?: 'int16'): KernelOption[] {
  const form = takes === undefined ? {} : { takes };
  return [
    {
      function: 'view',
      family: 'portable',
      ...form,
      when: (context) => outerOf(context) === 1 || 'the inputs alternate in the output',
      build: (context) => ({ views: windows(context) }),
    },
    { function: 'nanoc_concat', family: 'portable', ...form, build: (context) => ({ call: concatCall(context) }) },
  ];
}

function inputsOf(view: NodeView): Value[] {
  return view.node.inputs.map((_, index) => view.required(index));
}

function inferConcat(view: NodeView) {
  const [first, ...rest] = inputsOf(view) as [Value, ...Value[]];
  const axis = axisOf(view, view.int('axis'), first.shape.length);
  let size = first.shape[axis]!;
  for (const value of rest) {
    if (value.dtype !== first.dtype) view.bad(`"${value.name}" is ${value.dtype}, "${first.name}" is ${first.dtype}`);
    if (value.shape.length !== first.shape.length || value.shape.some((n, i) => i !== axis && n !== first.shape[i])) {
      view.bad(`"${value.name}" is [${value.shape}], "${first.name}" is [${first.shape}]`, {
        expected: `equal shapes but for dimension ${axis}`,
      });
    }
    size += value.shape[axis]!;
  }
  return { dtype: first.dtype, shape: first.shape.map((n, i) => (i === axis ? size : n)) };
}

/** Product of the dimensions before the axis. */
function outerOf(view: NodeView): number {
  const { shape } = view.output(0);
  return elementCount(shape.slice(0, axisOf(view, view.int('axis'), shape.length)));
}

function evaluateConcat(view: NodeView, inputs: readonly Tensor[]): Tensor {
  const { dtype, shape } = view.output(0);
  const data = allocate(dtype, elementCount(shape));
  const outer = outerOf(view);
  const row = data.length / outer;
  let start = 0;
  for (const { data: source } of inputs) {
    const width = source.length / outer;
    for (let i = 0; i < outer; i += 1) data.set(source.subarray(i * width, (i + 1) * width) as never, i * row + start);
    start += width;
  }
  return { dtype, shape, data };
}

/** Each input is a window of the output; where that cannot be (an input of the model, a value in two places) 5-plan copies. */
function windows(context: LowerContext) {
  const y = context.output(0);
  let byteOffset = 0;
  return inputsOf(context).map((input) => {
    const view = { node: context.node, value: input.name, base: y.name, byteOffset };
    byteOffset += elementCount(input.shape) * bytesPerElement(input.dtype);
    return view;
  });
}

function concatCall(context: LowerContext): KernelCall {
  const inputs = inputsOf(context);
  const outer = outerOf(context);
  const bytes = inputs.map(({ shape, dtype }) => (elementCount(shape) / outer) * bytesPerElement(dtype));
  return moveCall(context, 'nanoc_concat', {
    arguments: [
      ...inputs.map(({ name }) => ({
        kind: 'value' as const,
        value: name,
        access: 'read' as const,
        list: true as const,
      })),
      { kind: 'value', value: context.output(0).name, access: 'write' },
      {
        kind: 'params',
        struct: 'nanoc_concat_params',
        fields: {
          inputs: { int: inputs.length },
          rows: { int: outer },
          bytes: { constant: { suffix: 'bytes', data: Int32Array.from(bytes), role: 'parameters' } },
        },
      },
    ],
    overlaps: [],
  });
}
