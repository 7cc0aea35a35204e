/** What the Xtensa kernels have in common. */
import type { ParamValue } from '../../ir/kernel-call.js';
import type { Feature } from '../../ir/target.js';
import { elementCount } from '../../ir/tensor.js';
import type { LowerContext } from '../../ops/define.js';
import type { StreamLayer } from '../arm-dsp/stream.js';

/** MAC16 comes with every Xtensa core that has the FPU of the ESP32 and ESP32-S3. */
export const LX_FEATURES: readonly Feature[] = ['xtensa', 'fpu'];

/** Bytes of scratch that a kernel may take in any case, and how much of the layer's own tensors: layers with large tensors need little. */
const SCRATCH_ALWAYS = 1024;
const SCRATCH_SHARE = 1;

/** Bytes of scratch that a layer may take. */
export function scratchRoom(context: LowerContext): number {
  const tensors = elementCount(context.required(0).shape) + elementCount(context.output(0).shape);
  return Math.max(SCRATCH_ALWAYS, SCRATCH_SHARE * tensors);
}

/** Outputs before their zero point is added and they are saturated: below this the sum with a zero point has 32 bits. */
const LARGEST_OUTPUT = 2 ** 30;

/** Why some output could be too large before it is saturated, or undefined. */
export function whyNotLarge({ channels }: StreamLayer): string | undefined {
  const fits = channels.every(({ reach, scale }) => Math.max(reach.greatest, -reach.least) * scale < LARGEST_OUTPUT);
  return fits ? undefined : 'an output could leave 31 bits before it is saturated';
}

/** The struct `nanoc_output`. */
export function outputField({ zeroPoint, low, high }: StreamLayer, scales: Float32Array): ParamValue {
  return {
    fields: {
      scale: { constant: { suffix: 'scale', data: scales, role: 'scale' } },
      scale_step: { int: scales.length === 1 ? 0 : 1 },
      y_zero: { int: zeroPoint },
      low: { int: low },
      high: { int: high },
    },
  };
}
