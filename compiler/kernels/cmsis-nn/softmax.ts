/** Softmax along the innermost dimension, with the output that TensorFlow Lite prescribes: `arm_softmax_s8`. */
import { softmaxFactors } from '../../numerics/vendor-softmax.js';
import { isQuantizedInt8 } from '../../ops/shared/elementwise.js';
import { perTensor } from '../../ops/shared/quantized.js';
import { vectorsOf } from '../../ops/shared/softmax.js';
import { cmsisCall, cmsisOption } from './option.js';

const SOFTMAX = { adapter: 'nanoc_cmsis_softmax_s8', functions: ['arm_softmax_s8'] };

export const cmsisSoftmax = cmsisOption({
  ...SOFTMAX,
  whyNot: (context) => {
    const quantized = isQuantizedInt8(context);
    if (quantized !== true) return quantized;
    const { scale, zeroPoint } = perTensor(context.output(0));
    if (scale !== 1 / 256 || zeroPoint !== -128) return 'the output has not the scale 1/256 and the zero point -128';
    if (softmaxFactors(perTensor(context.required(0)).scale).shift < 0) return 'the scale is too small';
    return vectorsOf(context).inner > 1 ? 'elements of a vector lie apart' : undefined;
  },
  build: (context, { law }) => {
    const { multiplier, shift, least } = softmaxFactors(perTensor(context.required(0)).scale);
    const { outer, count } = vectorsOf(context);
    const fields = {
      rows: { int: outer },
      row_size: { int: count },
      multiplier: { int: multiplier },
      shift: { int: shift },
      least: { int: least },
    };
    const inputs = [context.required(0).name];
    return cmsisCall(
      context,
      { ...SOFTMAX, inputs, scratchBytes: 0, fields },
      {
        law,
        remarks: ['profile tflite: exponentials and reciprocal in fixed point'],
      },
    );
  },
});
