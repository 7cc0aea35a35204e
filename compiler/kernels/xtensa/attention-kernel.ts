/** The kernel of attention over a cache for Xtensa with MAC16 (attention.ts): when it fits, and its call. */
import type { KernelCall } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { fieldsOf, hasInverse } from '../arm-mve/attention-kernel.js';
import { atOnce, generateLxAttention } from './attention.js';
import { LX_FEATURES } from './layer.js';

/** Elements of a head whose query fits registers. */
const MOST_ELEMENTS = 16;

/** Scores before they are saturated then have 30 bits: a sum has 20. */
const LARGEST_SCALE = 512;

/** @param portable gives the call whose parameters and buffers the kernel takes over */
export function lxAttention(portable: (context: LowerContext) => KernelCall): KernelOption {
  return {
    function: 'nanoc_cached_attention_lx',
    family: 'native',
    needs: LX_FEATURES,
    when: (context) => whyNot(context, portable) ?? true,
    build(context) {
      const [heads, group, dim] = context.required(0).shape as [number, number, number];
      const { name, generated } = generateLxAttention({ heads, group, dim });
      const call = portable(context);
      const scratch = { bytes: atOnce({ group }) * context.required(1).shape[0]!, alignment: 1 };
      const own = { function: name, header: `nanoc/generated/${name}.h`, sources: [], generated, scratch };
      return { call: { ...call, family: 'native', ...own, alignment: Math.max(call.alignment ?? 1, 4) } };
    },
  };
}

function whyNot(context: LowerContext, portable: (context: LowerContext) => KernelCall): string | undefined {
  const q = context.required(0);
  if (q.dtype !== 'int8') return 'the input is float32';
  const dim = q.shape[2]!;
  if (dim % 4 !== 0) return `a head has ${dim} elements, no multiple of 4`;
  if (dim > MOST_ELEMENTS) return `a head has ${dim} elements, more than ${MOST_ELEMENTS}`;
  const { score_scale: scale } = fieldsOf(portable(context));
  if (scale === undefined || !('float' in scale) || scale.float > LARGEST_SCALE) return 'a score could leave 31 bits';
  return hasInverse(portable(context)) ? undefined : 'weights have no inverse scale that rounds like the division';
}
