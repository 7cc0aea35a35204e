/** The reference of the generated C: a frame becomes the model's input, integer for integer. */
import type { Tensor } from '../ir/tensor.js';
import { allocate } from '../ir/tensor.js';
import { tapsOf } from './axis.js';
import { bytesPerPixel, channelsOf } from './pixel-format.js';
import type { ImagePlan } from './plan.js';

/**
 * Resized bytes are the exact weighted means, rounded half up; then each becomes the element of its map.
 * @param frame rows from the top, without gaps: width x height x bytes of a pixel
 */
export function imageToInput(plan: ImagePlan, frame: Uint8Array, shape: readonly number[]): Tensor {
  const { rows, columns, channels, strides, maps, dtype } = plan;
  const total = rows.total * columns.total;
  const data = allocate(dtype, rows.output * columns.output * channels) as Int8Array;
  for (let row = 0; row < rows.output; row += 1) {
    const down = tapsOf(plan.resize, rows, row);
    for (let column = 0; column < columns.output; column += 1) {
      const across = tapsOf(plan.resize, columns, column);
      const sums = [0, 0, 0];
      for (const { index: y, weight: high } of down) {
        for (const { index: x, weight: wide } of across) {
          const pixel = pixelOf(plan, frame, x, y);
          for (let c = 0; c < channels; c += 1) sums[c]! += high * wide * pixel[c]!;
        }
      }
      for (let c = 0; c < channels; c += 1) {
        const byte = Math.floor((sums[c]! + Math.floor(total / 2)) / total);
        const map = maps[c]!;
        data[row * strides.row + column * strides.pixel + c * strides.channel] =
          map.kind === 'offset' ? byte + map.offset : map.table[byte]!;
      }
    }
  }
  return { dtype, shape, data };
}

/** @param x @param y in the crop */
function pixelOf({ frame, crop, channels }: ImagePlan, bytes: Uint8Array, x: number, y: number): readonly number[] {
  const at = ((crop.y + y) * frame.width + crop.x + x) * bytesPerPixel(frame.format);
  return channelsOf(frame.format, bytes, at, channels);
}
