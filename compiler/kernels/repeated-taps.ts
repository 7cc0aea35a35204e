/** Depthwise weights less a zero point have nine bits: where one of them leaves int8, its tap is taken again with what is left of it. */
import type { StreamLayer } from './arm-dsp/stream.js';

/**
 * The layer with weights of int8, and the tap of each of its inputs: every tap of the window in order, some of them more than once.
 * @param layer one filter for each channel, weights [channels][taps] from -255 to 255
 */
export function repeatTaps(layer: StreamLayer): { layer: StreamLayer; taps: readonly number[] } {
  const taps: number[] = [];
  const columns: number[][] = [];
  for (let tap = 0; tap < layer.inner; tap += 1) {
    let rest = layer.channels.map((_, c) => layer.weights[c * layer.inner + tap]!);
    do {
      const part = rest.map((weight) => (weight < -128 ? -127 : Math.min(weight, 127)));
      taps.push(tap);
      columns.push(part);
      rest = rest.map((weight, c) => weight - part[c]!);
    } while (rest.some((weight) => weight !== 0));
  }
  const weights = Int8Array.from(layer.channels.flatMap((_, c) => columns.map((column) => column[c]!)));
  return { layer: { ...layer, weights, inner: taps.length }, taps };
}

/** How many taps a function with such a name takes again. */
export function repeatsIn(name: string): number {
  return Number(/_again(\d+)_/.exec(name)?.[1] ?? 0);
}

/** How many taps of a window are taken again, and which, for the name of a function; empty where none is. */
export function repeatedName(taps: readonly number[]): string {
  const again = taps.filter((tap, i) => tap === taps[i - 1]);
  return again.length === 0 ? '' : `_again${again.length}_${again.join('_')}`;
}
