/** Kernel options of MatMul of two computed tensors of int8: four columns of the right side are packed, then taken against all rows. */
import type { KernelCall } from '../ir/kernel-call.js';
import type { Feature } from '../ir/target.js';
import type { KernelOption, LowerContext } from '../ops/define.js';
import { SAVED_BYTES } from './arm-dsp/assembly.js';

interface Form {
  readonly function: string;
  readonly needs: readonly Feature[];
  readonly header: string;
  readonly source: string;
  /** Inner elements that it needs at least. */
  readonly leastInner: number;
  /** Inner elements that are packed together, and the bytes that four columns of them take. */
  readonly together: number;
  readonly bytes: number;
  readonly assemblyStack: number;
}

/** Sixteen at a time, in order. */
const MVE: Form = {
  function: 'nanoc_matmul_dynamic_mve_s8',
  needs: ['mve', 'fpu'],
  header: 'nanoc/mve_dynamic.h',
  source: 'arm-mve',
  leastInner: 1,
  ...{ together: 16, bytes: 64 },
  // r4 to r11, lr, d8 to d13.
  assemblyStack: SAVED_BYTES + 48,
};

/** Four at a time, as halfwords. */
const DSP: Form = {
  function: 'nanoc_matmul_dynamic_dsp_s8',
  needs: ['dsp', 'fpu'],
  header: 'nanoc/dsp_dynamic.h',
  source: 'arm-dsp',
  leastInner: 4,
  ...{ together: 4, bytes: 32 },
  assemblyStack: SAVED_BYTES,
};

/**
 * The options of both extensions, the faster one first.
 * @param portable the call of the portable kernel, whose parameters they take
 * @param whyNotDynamic why the node is no product of two computed tensors of int8, or undefined
 */
export function packedProducts(
  portable: (context: LowerContext) => KernelCall,
  whyNotDynamic: (context: LowerContext) => string | undefined,
): KernelOption[] {
  return [MVE, DSP].map((form) => ({
    function: form.function,
    family: 'native',
    needs: form.needs,
    when: (context) => {
      const refusal = whyNotDynamic(context);
      if (refusal !== undefined) return refusal;
      const [inner, columns] = context.required(1).shape.slice(-2) as [number, number];
      if (inner < form.leastInner) return `fewer than ${form.leastInner} inner elements`;
      return columns >= 4 || 'fewer than four columns';
    },
    build: (context) => ({ call: packedCall(context, form, portable(context)) }),
  }));
}

function packedCall(context: LowerContext, form: Form, portable: KernelCall): KernelCall {
  const inner = context.required(1).shape.at(-2)!;
  const [a, b, y, params] = portable.arguments;
  return {
    ...portable,
    family: 'native',
    function: form.function,
    header: form.header,
    sources: [`${form.source}/${form.function}.c`],
    assemblyStack: form.assemblyStack,
    arguments: [a!, b!, y!, { kind: 'scratch' }, params!],
    scratch: { bytes: form.bytes * Math.ceil(inner / form.together), alignment: 4 },
  };
}
