/** MatMul whose right side is computed at run time: `arm_batch_matmul_s8`, which wants the right side turned. */

import { quantizeMultiplier } from '../../numerics/law.js';
import { solveVendor } from '../../numerics/vendor-solver.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { outputScales, realFactors, zeroOf } from '../../ops/shared/convolution.js';
import { isQuantizedInt8 } from '../../ops/shared/elementwise.js';
import { clampOf, perTensor } from '../../ops/shared/quantized.js';
import type { Library } from '../../vendor/library.js';
import { activation, factorFields } from '../vendor/option.js';
import { lawOfCall, overflows, TOO_LARGE } from '../vendor/requantization.js';
import { roundUp } from '../vendor/round-up.js';
import { cmsisCall, cmsisOption, coreOf, dims } from './option.js';

const BATCH_MATMUL = { adapter: 'nanoc_cmsis_batch_matmul_s8', functions: ['arm_batch_matmul_s8'] };

/** Sizes of a product, with its batches as one loop; a step of 0 repeats a side. */
export interface ProductSizes {
  readonly batches: number;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly aStep: number;
  readonly bStep: number;
}

export function cmsisBatchMatmul(sizesOf: (context: LowerContext) => ProductSizes): KernelOption {
  return cmsisOption({
    ...BATCH_MATMUL,
    whyNot: (context, library) => {
      if (context.input(2) !== undefined) return 'there is a bias';
      const quantized = isQuantizedInt8(context);
      if (quantized !== true) return quantized;
      const b = context.required(1);
      if (b.constant !== undefined) return 'the right side is constant';
      if (b.quantization!.scale.length > 1) return 'the columns have scales of their own';
      const { reach, requantization } = requantizationOf(context, sizesOf(context), library);
      return overflows({ reach }, requantization.factors[0]!) ? TOO_LARGE : undefined;
    },
    build: (context, library) => {
      const sizes = sizesOf(context);
      const { batches, rows, inner, columns, aStep, bStep } = sizes;
      const [a, b, y] = [context.required(0), context.required(1), context.output(0)];
      const { requantization } = requantizationOf(context, sizes, library);
      const aBatches = aStep === 0 ? 1 : batches;
      const bBatches = bStep === 0 ? 1 : batches;
      const turned = roundUp(bBatches * inner * columns, 4);
      const fields = {
        quantization: { fields: factorFields(requantization.factors[0]!) },
        a_offset: { int: -zeroOf(a) },
        b_offset: { int: -zeroOf(b) },
        y_offset: { int: perTensor(y).zeroPoint },
        activation: activation(clampOf(context, y)),
        a: dims(1, aBatches, rows, inner),
        b: dims(1, bBatches, columns, inner),
        y: dims(1, batches, rows, columns),
        // Behind the turned right side, where the kernels for Helium put the sums of its rows.
        sums_at: { int: turned },
      };
      const scratchBytes = turned + (coreOf(context) === 'mve' ? 4 * columns : 0);
      return cmsisCall(
        context,
        { ...BATCH_MATMUL, inputs: [a.name, b.name], scratchBytes, fields },
        {
          macs: batches * rows * columns * inner,
          ...lawOfCall(requantization),
        },
      );
    },
  });
}

/** One multiplier for every sum that any two matrices can have. */
function requantizationOf(context: LowerContext, { inner }: ProductSizes, { law }: Library) {
  const [a, b, y] = [context.required(0), context.required(1), context.output(0)];
  const ends = (value: typeof a) => {
    const { low, high, zeroPoint } = perTensor(value);
    return [low - zeroPoint, high - zeroPoint];
  };
  const products = ends(a).flatMap((p) => ends(b).map((q) => p * q * inner));
  const reach = { least: Math.min(...products, 0), greatest: Math.max(...products, 0) };
  const [low, high] = clampOf(context, y);
  const scale = outputScales(a, b, y)[0]!;
  const solved = solveVendor({ scale, zeroPoint: perTensor(y).zeroPoint, low, high, reach }, law);
  const requantization =
    solved === undefined
      ? { factors: realFactors(a, b, y).map(quantizeMultiplier), law, solved: 0 }
      : { factors: [solved], solved: 1 };
  return { reach, requantization };
}
