/** Derives `Overlap.lead` (ir/kernel-call.ts) of kernels that walk their output in ascending order. */
import type { Window } from './window.js';

/** One write of a kernel: where it ends in the output, and the first input byte that is read after it. */
export interface Step {
  /** First byte of the input that the step reads before its write; Infinity when it reads nothing. */
  readonly readStart: number;
  /** Byte of the output behind the step's write. */
  readonly writeEnd: number;
}

/**
 * Lead of a kernel whose steps each read, then write.
 * @param inputBytes size of the input: a lead below minus this adds nothing
 */
export function leadOfSteps(steps: readonly Step[], inputBytes: number): number {
  let lead = -inputBytes;
  let next = Number.POSITIVE_INFINITY;
  for (let i = steps.length - 1; i >= 0; i -= 1) {
    lead = Math.max(lead, steps[i]!.writeEnd - next);
    next = Math.min(next, steps[i]!.readStart);
  }
  return lead;
}

/**
 * How a kernel treats the channels of one output pixel [H][W][C].
 * - `whole`: it may read the whole window again for every channel (convolutions),
 * - `channelwise`: channel c of the output comes from channel c of the input alone, in ascending order (pools, depthwise),
 * - `buffered`: the pixel is written after all of its reads.
 */
export type PixelOrder = 'whole' | 'channelwise' | 'buffered';

export interface WindowWalk {
  readonly batches: number;
  readonly height: number;
  readonly width: number;
  /** Bytes of one input pixel, all channels. */
  readonly inputPixel: number;
  readonly outputPixel: number;
  /** Two spatial dimensions. */
  readonly window: Window;
  readonly order: PixelOrder;
}

/** Lead of a sliding window over [batch][height][width][channels], output pixels in row-major order; in bytes. */
export function windowLead(walk: WindowWalk): number {
  const { batches, height, width, inputPixel, outputPixel, window, order } = walk;
  const rows = firstTaps(window, 0, height);
  const columns = firstTaps(window, 1, width);
  const steps: Step[] = [];
  let written = 0;
  for (let batch = 0; batch < batches; batch += 1) {
    for (const row of rows) {
      for (const column of columns) {
        const readStart = ((batch * height + row) * width + column) * inputPixel;
        // Between the first and the last channel the window is still being read.
        if (order === 'whole') steps.push({ readStart, writeEnd: written + outputPixel });
        if (order === 'channelwise') steps.push({ readStart, writeEnd: written });
        written += outputPixel;
        steps.push({ readStart, writeEnd: written });
      }
    }
  }
  return leadOfSteps(steps, batches * height * width * inputPixel);
}

/** For each output index the first input index under the window; Infinity where all taps lie in the padding. */
function firstTaps(window: Window, axis: number, size: number): number[] {
  const [kernel, stride, dilation] = [window.kernel[axis]!, window.strides[axis]!, window.dilations[axis]!];
  return Array.from({ length: window.output[axis]! }, (_, index) => {
    const start = index * stride - window.pads[axis]!;
    const tap = start >= 0 ? 0 : Math.ceil(-start / dilation);
    const first = start + tap * dilation;
    return tap < kernel && first < size ? first : Number.POSITIVE_INFINITY;
  });
}
