import { allocate, type DataType, integerRange, type Tensor } from '../ir/tensor.js';
import { quantize } from '../numerics/requantize.js';
import { defineOp, type LowerContext, type NodeView } from './define.js';
import {
  channelAt,
  functionFor,
  parametersOf,
  quantizationAttributes,
  quantizationCall,
} from './shared/quantize-linear.js';

/** TensorProto.DataType of `output_dtype` (opset 21). */
const OUTPUT_TYPES: Readonly<Record<number, DataType>> = { 2: 'uint8', 3: 'int8', 4: 'uint16', 5: 'int16' };
const TYPES: readonly DataType[] = Object.values(OUTPUT_TYPES);

/** y = saturate(round_half_even(x / y_scale) + y_zero_point), the quotient in float32. */
export default defineOp({
  name: 'QuantizeLinear',
  domain: '',
  opsets: [10, 13, 19, 21, 23, 24],
  summary: 'float32 to int8, uint8, int16 or uint16, one scale or one for each index of an axis',
  inputs: [{ name: 'x' }, { name: 'y_scale' }, { name: 'y_zero_point', optional: true }],
  outputs: ['y'],
  attributes: quantizationAttributes,
  quantized: 'float',
  infer(view) {
    const x = view.required(0);
    if (x.dtype !== 'float32') view.bad(`"${x.name}" is ${x.dtype}`, { expected: 'float32' });
    return [{ dtype: outputType(view), shape: x.shape }];
  },
  evaluate: (view, [x, scale, zero]) => [evaluateQuantize(view, x!, scale, zero)],
  kernels: (['int8', 'uint8', 'int16'] as const).map((dtype) => ({
    function: functionFor('nanoc_quantize', dtype),
    family: 'portable' as const,
    when: (context: LowerContext) => context.output(0).dtype === dtype || `the output is ${context.output(0).dtype}`,
    build: (context: LowerContext) => ({
      call: quantizationCall(context, functionFor('nanoc_quantize', dtype), context.output(0)),
    }),
  })),
});

function outputType(view: NodeView): DataType {
  const zero = view.input(2)?.dtype;
  const attached = view.input(1) === undefined ? view.output(0).dtype : undefined;
  const given = view.int('output_dtype');
  const dtype = zero ?? attached ?? OUTPUT_TYPES[given === 0 ? 2 : given];
  if (dtype !== undefined && TYPES.includes(dtype)) return dtype;
  return view.bad(`the output would be ${dtype ?? `of type ${given} (TensorProto.DataType)`}`, {
    expected: 'int8, uint8, int16 or uint16',
  });
}

function evaluateQuantize(view: NodeView, x: Tensor, scale?: Tensor, zero?: Tensor): Tensor {
  const y = view.output(0);
  const dtype = outputType(view);
  const parameters = parametersOf(view, y, scale, zero);
  const [low, high] = integerRange(dtype as 'int8');
  const channel = channelAt(x.shape, parameters);
  const data = allocate(dtype, x.data.length);
  (x.data as Float32Array).forEach((real, i) => {
    const c = channel(i);
    data[i] = quantize(real, parameters.scale[c]!, parameters.zeroPoint[c]!, low, high);
  });
  return { dtype, shape: x.shape, data };
}
