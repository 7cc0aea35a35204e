/**
 * What the computer knows of the model's memory on a board. It has written or read every byte that a step may find, so a checksum tells whether
 * a step changed one that is not its own, and the board needs no second copy.
 */
import { crc32 } from 'node:zlib';
import type { Damage } from '../protocol.js';
import type { Region, Span } from '../spans.js';
import type { BoardDevice } from './device.js';

/** What surrounds the model on the board. */
const CANARY = 0xc5;
const CANARY_BYTES = 64;
const AROUND = ['before', 'after'] as const;

export class KnownMemory {
  private readonly bytes: Readonly<Record<Region, Uint8Array>>;
  /** 1 where `bytes` is what the board has. */
  private readonly known: Readonly<Record<Region, Uint8Array>>;

  constructor(
    private readonly device: BoardDevice,
    sizes: Readonly<Record<Region, number>>,
  ) {
    const make = () => ({ arena: new Uint8Array(sizes.arena), state: new Uint8Array(sizes.state) });
    this.bytes = make();
    this.known = make();
  }

  async protect(): Promise<void> {
    for (const region of AROUND) await this.device.fill(region, 0, CANARY_BYTES, CANARY);
  }

  async write({ region, offset }: Pick<Span, 'region' | 'offset'>, data: Uint8Array): Promise<void> {
    await this.device.write(region, offset, data);
    this.learn(region, offset, data);
  }

  async fill({ region, offset, bytes }: Span, value: number): Promise<void> {
    await this.device.fill(region, offset, bytes, value);
    this.learn(region, offset, new Uint8Array(bytes).fill(value));
  }

  async read({ region, offset, bytes }: Span): Promise<Uint8Array> {
    const data = await this.device.read(region, offset, bytes);
    this.learn(region, offset, data);
    return data;
  }

  /** What a step may have changed. */
  forget(spans: readonly Span[]): void {
    for (const { region, offset, bytes } of spans) this.known[region].fill(0, offset, offset + bytes);
  }

  /** Reads what of these bytes is not known yet. */
  async ensure(spans: readonly Span[]): Promise<void> {
    for (const { region, offset, bytes } of spans) {
      const known = this.known[region];
      const end = offset + bytes;
      for (let at = known.indexOf(0, offset); at >= 0 && at < end; at = known.indexOf(0, at)) {
        const next = known.indexOf(1, at);
        await this.read({ region, offset: at, bytes: (next < 0 || next > end ? end : next) - at });
      }
    }
  }

  /** What differs on the board from what is known, in these bytes and around the model. */
  async damage(kept: readonly Span[]): Promise<Damage | undefined> {
    const found = new DamageNote();
    for (const { region, offset, bytes } of kept) {
      const before = this.bytes[region].slice(offset, offset + bytes);
      if ((await this.device.check(region, offset, bytes)) === crc32(before)) continue;
      found.note(region, offset, before, await this.read({ region, offset, bytes }));
    }
    const canaries = new Uint8Array(CANARY_BYTES).fill(CANARY);
    for (const [index, region] of AROUND.entries()) {
      if ((await this.device.check(region, 0, CANARY_BYTES)) === crc32(canaries)) continue;
      found.note('outside', index * CANARY_BYTES, canaries, await this.device.read(region, 0, CANARY_BYTES));
      await this.device.fill(region, 0, CANARY_BYTES, CANARY);
    }
    return found.damage;
  }

  private learn(region: Region, offset: number, data: Uint8Array): void {
    this.bytes[region].set(data, offset);
    this.known[region].fill(1, offset, offset + data.length);
  }
}

/** Counts differing bytes, and keeps the first. */
class DamageNote {
  damage: Damage | undefined;

  note(region: Damage['region'], offset: number, before: Uint8Array, now: Uint8Array): void {
    before.forEach((expected, index) => {
      const got = now[index]!;
      if (got === expected) return;
      const first = this.damage ?? { region, offset: offset + index, expected, got, count: 0 };
      this.damage = { ...first, count: first.count + 1 };
    });
  }
}
