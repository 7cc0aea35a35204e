/** Writes the streams of nanoc/mve.h: biases, weights and scales in the order of use. */
import type { StreamLayer } from '../arm-dsp/stream.js';

export class StreamWriter {
  readonly #bytes: number[] = [];
  readonly #layer: StreamLayer;

  constructor(layer: StreamLayer) {
    this.#layer = layer;
  }

  /** int32 biases; 0 for channels that do not exist. */
  biases(channels: readonly number[]): void {
    this.#put32(Int32Array.from(channels, (c) => this.#layer.channels[c]?.bias ?? 0));
  }

  /** float32 scales; 0 for channels that do not exist. */
  scales(channels: readonly number[]): void {
    this.#put32(Float32Array.from(channels, (c) => this.#layer.channels[c]?.scale ?? 0));
  }

  /** A byte for each channel; a multiple of four of them. */
  zeroPoints(channels: readonly number[]): void {
    this.#bytes.push(...channels.map((c) => (this.#layer.weightZeros?.[c] ?? 0) & 0xff));
  }

  /** Inputs 16 * chunk to 16 * chunk + 15 of each channel, to a whole word; all 0 for channels that do not exist. */
  chunk(chunk: number, channels: readonly number[]): void {
    const { inner } = this.#layer;
    const count = Math.min(16, 4 * Math.ceil((inner - 16 * chunk) / 4));
    for (const channel of channels) {
      for (let i = 0; i < count; i += 1) this.weight(channel, 16 * chunk + i);
    }
  }

  weight(channel: number, k: number): void {
    const { weights, inner, channels } = this.#layer;
    this.#bytes.push(channel < channels.length && k < inner ? weights[channel * inner + k]! & 0xff : 0);
  }

  words(): Uint32Array {
    const view = new DataView(Uint8Array.from(this.#bytes).buffer);
    return Uint32Array.from({ length: this.#bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
  }

  #put32(numbers: Int32Array | Float32Array): void {
    const view = new DataView(numbers.buffer);
    for (let i = 0; i < numbers.length; i += 1) {
      const word = numbers instanceof Float32Array ? view.getUint32(4 * i, true) : numbers[i]!;
      this.#bytes.push(word & 0xff, (word >> 8) & 0xff, (word >> 16) & 0xff, (word >> 24) & 0xff);
    }
  }
}
