import type { Feature } from '../../ir/target.js';
import type { StreamLayer } from '../arm-dsp/stream.js';

/** The vector instructions of the ESP32-S3; other chips with a unit of that name (ESP32-P4) have other ones. */
export const PIE_FEATURES: readonly Feature[] = ['xtensa', 'fpu', 'pie'];

/** Bytes of a vector; its loads leave out the low four bits of an address. */
export const VECTOR = 16;

/** Why weights less their zero points are no bytes, or undefined. */
export function whyNotBytes({ weights }: StreamLayer): string | undefined {
  return weights.every((w) => w >= -128 && w <= 127) ? undefined : 'a weight less its zero point is no byte';
}
