/** The kernel of attention over a cache for MVE (attention.ts): when it fits, and its call. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { generateMveAttention } from './attention.js';

/** Elements of a head: its chunks lie on the stack. */
const MOST_ELEMENTS = 64;
/** Bytes of a position: offsets of eight are halfwords. */
const MOST_BYTES = 4096;
/** Positions that are multiplied at a time. */
const EIGHT = 8;

/** @param portable gives the call whose parameters and buffers the kernel takes over */
export function mveAttention(portable: (context: LowerContext) => KernelCall): KernelOption {
  return {
    function: 'nanoc_cached_attention_mve',
    family: 'native',
    needs: ['mve', 'fpu'],
    when: (context) => whyNot(context, portable) ?? true,
    build(context) {
      const [heads, group, dim] = context.required(0).shape as [number, number, number];
      const { name, generated, stack } = generateMveAttention({ heads, group, dim });
      const own = { function: name, header: `nanoc/generated/${name}.h`, sources: [], generated, assemblyStack: stack };
      return { call: { ...portable(context), family: 'native', ...own } };
    },
  };
}

function whyNot(context: LowerContext, portable: (context: LowerContext) => KernelCall): string | undefined {
  const q = context.required(0);
  if (q.dtype !== 'int8') return 'the input is float32';
  const [heads, , dim] = q.shape as [number, number, number];
  if (dim > MOST_ELEMENTS) return `a head has ${dim} elements, more than ${MOST_ELEMENTS}`;
  if (heads * dim > MOST_BYTES) return `a position has ${heads * dim} bytes, more than ${MOST_BYTES}`;
  const length = context.required(1).shape[0]!;
  if (length < EIGHT) return `the cache has ${length} positions, fewer than ${EIGHT}`;
  return hasInverse(portable(context)) ? undefined : 'weights have no inverse scale that rounds like the division';
}

/** Whether a call's weights may be products. */
export function hasInverse(call: KernelCall): boolean {
  const { weight_inverse: inverse } = fieldsOf(call);
  return inverse !== undefined && 'float' in inverse && inverse.float !== 0;
}

/** The fields of a call's parameters. */
export function fieldsOf(call: KernelCall): Readonly<Record<string, ParamValue>> {
  return call.arguments.find((argument) => argument.kind === 'params')!.fields;
}
