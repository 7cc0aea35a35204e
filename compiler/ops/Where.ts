import type { KernelCall } from '../ir/kernel-call.js';
import { allocate, bytesPerElement, elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import { OUTER_DIMENSIONS, outerSteps } from './shared/elementwise.js';
import { broadcastShapes, broadcastStrides, forEachOffset, mergeDimensions } from './shared/shapes.js';

export default defineOp({
  name: 'Where',
  domain: '',
  opsets: [9, 16],
  summary: 'ONNX broadcasting of all three inputs; any type',
  inputs: [{ name: 'condition' }, { name: 'X' }, { name: 'Y' }],
  outputs: ['output'],
  attributes: {},
  quantized: 'float',
  infer(view) {
    const [condition, x, y] = [view.required(0), view.required(1), view.required(2)];
    if (condition.dtype !== 'bool') view.bad(`"${condition.name}" is ${condition.dtype}`, { expected: 'bool' });
    if (x.dtype !== y.dtype) view.bad(`the choices are ${x.dtype} and ${y.dtype}`, { expected: 'one type' });
    const choices = broadcastShapes(view, x.shape, y.shape);
    return [{ dtype: x.dtype, shape: broadcastShapes(view, condition.shape, choices) }];
  },
  evaluate: (view, [condition, x, y]) => [choose(view, condition!, x!, y!)],
  kernels: [{ function: 'nanoc_where', family: 'portable', build: (context) => ({ call: whereCall(context) }) }],
});

function choose(view: NodeView, condition: Tensor, x: Tensor, y: Tensor): Tensor {
  const { shape } = view.output(0);
  const data = allocate(x.dtype, elementCount(shape));
  const strides = [condition, x, y].map((tensor) => broadcastStrides(tensor.shape, shape));
  forEachOffset(shape, strides, (position, [c, i, j]) => {
    data[position] = condition.data[c!] ? x.data[i!]! : y.data[j!]!;
  });
  return { dtype: x.dtype, shape, data };
}

function whereCall(context: LowerContext): KernelCall {
  const output = context.output(0);
  const inputs = [0, 1, 2].map((index) => context.required(index));
  const { shape } = output;
  const merged = mergeDimensions(
    shape,
    inputs.map((input) => broadcastStrides(input.shape, shape)),
  );
  const count = merged.shape.pop() ?? 1;
  const [condition, x, y] = merged.strides.map((list) => list.pop() ?? 1);
  if (merged.shape.length > OUTER_DIMENSIONS) {
    context.bad(`the inputs repeat along [${shape}] in more than ${OUTER_DIMENSIONS + 1} groups of dimensions`, {
      help: 'expand one of the inputs, or drop dimensions with Reshape',
    });
  }
  const bytes = bytesPerElement(output.dtype);
  const dense = inputs.filter(
    (input) => elementCount(input.shape) === elementCount(shape) && input.constant === undefined,
  );
  const sameSize = dense.filter((input) => bytesPerElement(input.dtype) === bytes);
  return {
    node: context.node,
    family: 'portable',
    function: 'nanoc_where',
    header: 'nanoc/logic.h',
    sources: ['portable/nanoc_where.c'],
    arguments: [
      ...inputs.map(({ name }) => ({ kind: 'value', value: name, access: 'read' }) as const),
      { kind: 'value', value: output.name, access: 'write' },
      {
        kind: 'params',
        struct: 'nanoc_where_params',
        fields: {
          rows: { int: elementCount(merged.shape) },
          count: { int: count },
          bytes: { int: bytes },
          condition_step: { int: condition! },
          x_step: { int: x! },
          y_step: { int: y! },
          size: outerSteps(merged.shape, 1),
          condition_steps: outerSteps(merged.strides[0]!, 0),
          x_steps: outerSteps(merged.strides[1]!, 0),
          y_steps: outerSteps(merged.strides[2]!, 0),
        },
      },
    ],
    overlaps: [...new Set(sameSize.map(({ name }) => name))].map((input) => ({ input, output: output.name, lead: 0 })),
    macs: 0,
    alignment: bytes,
  };
}
