/** What the MVE kernels read from a node; the layer itself is that of the DSP kernels. */
import type { Argument } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { accumulatorRemarks, INT32_MAX, zeroOf } from '../../ops/shared/convolution.js';
import type { StreamLayer } from '../arm-dsp/stream.js';

/** The parameter struct `nanoc_mve_params`. */
export function mveParams(context: LowerContext, layer: StreamLayer, words: Uint32Array): Argument {
  return {
    kind: 'params',
    struct: 'nanoc_mve_params',
    fields: {
      x_zero: { int: zeroOf(context.required(0)) },
      y_zero: { int: layer.zeroPoint },
      low: { int: layer.low },
      high: { int: layer.high },
      stream: { constant: { suffix: 'weights', data: words, role: 'weights', alignment: 16 } },
    },
  };
}

/** Lines for the report. */
export function sumRemarks({ channels }: StreamLayer): string[] {
  const largest = Math.max(...channels.map(({ reach }) => Math.max(reach.greatest, -reach.least)));
  return accumulatorRemarks({ largest, proven: largest <= INT32_MAX });
}
