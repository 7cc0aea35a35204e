/** The kernel option of MatMul of two computed tensors for cores with the DSP extension and an FPU: four packed columns against all rows. */
import type { KernelCall } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { SAVED_BYTES } from './assembly.js';

const NAME = 'nanoc_matmul_dynamic_dsp_s8';

/**
 * @param portable the call of the portable kernel, whose parameters it takes
 * @param whyNotDynamic why the node is no product of two computed tensors of int8, or undefined
 */
export function dspMatmulDynamic(
  portable: (context: LowerContext) => KernelCall,
  whyNotDynamic: (context: LowerContext) => string | undefined,
): KernelOption {
  return {
    function: NAME,
    family: 'native',
    needs: ['dsp', 'fpu'],
    when: (context) => {
      const refusal = whyNotDynamic(context);
      if (refusal !== undefined) return refusal;
      const [inner, columns] = context.required(1).shape.slice(-2) as [number, number];
      return (inner >= 4 && columns >= 4) || 'fewer than four inner elements or columns';
    },
    build: (context) => ({ call: packedCall(context, portable(context)) }),
  };
}

function packedCall(context: LowerContext, portable: KernelCall): KernelCall {
  const inner = context.required(1).shape.at(-2)!;
  const [a, b, y, params] = portable.arguments;
  return {
    ...portable,
    family: 'native',
    function: NAME,
    header: 'nanoc/dsp_dynamic.h',
    sources: [`arm-dsp/${NAME}.c`],
    assemblyStack: SAVED_BYTES,
    arguments: [a!, b!, y!, { kind: 'scratch' }, params!],
    scratch: { bytes: 32 * Math.ceil(inner / 4), alignment: 4 },
  };
}
