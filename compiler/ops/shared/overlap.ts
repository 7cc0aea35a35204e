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
  /** `buffered` only: so many pixels of one batch are read before the first of them is written; 1 if absent. */
  readonly together?: number;
}

/** Lead of a sliding window over [batch][height][width][channels], output pixels in row-major order; in bytes. */
export function windowLead(walk: WindowWalk): number {
  const { batches, height, width, inputPixel, outputPixel, window, order } = walk;
  const rows = firstTaps(window, 0, height);
  const columns = firstTaps(window, 1, width);
  const steps: Step[] = [];
  let written = 0;
  if (order === 'buffered')
    return leadOfSteps(bufferedSteps(walk, rows, columns), batches * height * width * inputPixel);
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

function bufferedSteps(walk: WindowWalk, rows: readonly number[], columns: readonly number[]): Step[] {
  const { batches, height, width, inputPixel, outputPixel, together = 1 } = walk;
  const starts = rows.flatMap((row) => columns.map((column) => (row * width + column) * inputPixel));
  const steps: Step[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    for (let first = 0; first < starts.length; first += together) {
      const pixels = starts.slice(first, first + together);
      const readStart = batch * height * width * inputPixel + Math.min(...pixels);
      steps.push({ readStart, writeEnd: (batch * starts.length + first + pixels.length) * outputPixel });
    }
  }
  return steps;
}

/**
 * Lead, in pixels, of a walk over some channels of all rows, then the next ones: the rows of a window are read, those that are
 * new, before a row of the output is written. Channels fall on the same channels only at whole pixels.
 */
export function rowsLead({
  batches,
  height,
  width,
  window,
}: Pick<WindowWalk, 'batches' | 'height' | 'width' | 'window'>): number {
  const [stride, dilation] = [window.strides[0]!, window.dilations[0]!];
  const extent = (window.kernel[0]! - 1) * dilation + 1;
  const [outHeight, outWidth] = window.output as [number, number];
  const steps: Step[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    let next = 0;
    for (let row = 0; row < outHeight; row += 1) {
      const top = row * stride - window.pads[0]!;
      const first = Math.max(next, top, 0);
      const end = Math.min(top + extent, height);
      const readStart = first < end ? (batch * height + first) * width : Number.POSITIVE_INFINITY;
      next = Math.max(next, end);
      steps.push({ readStart, writeEnd: (batch * outHeight + row + 1) * outWidth });
    }
  }
  return leadOfSteps(steps, batches * height * width);
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
