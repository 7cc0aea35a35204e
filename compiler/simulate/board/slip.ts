/** Frames on a serial line: RFC 1055 (SLIP) around a body and its CRC-32. An end before a frame, too, cuts off what noise left on the line. */
import { crc32 } from 'node:zlib';

const END = 0xc0;
const ESCAPE = 0xdb;
const ESCAPED_END = 0xdc;
const ESCAPED_ESCAPE = 0xdd;
const CHECKSUM_BYTES = 4;

/** The bytes that go over the line for a body. */
export function encodeFrame(body: Uint8Array): Uint8Array {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(body));
  const stuffed = [...body, ...checksum].flatMap((byte) => {
    if (byte === END) return [ESCAPE, ESCAPED_END];
    return byte === ESCAPE ? [ESCAPE, ESCAPED_ESCAPE] : [byte];
  });
  return Uint8Array.from([END, ...stuffed, END]);
}

export interface FrameHandlers {
  readonly onFrame: (body: Uint8Array) => void;
  /** Bytes between two ends that are no frame: damaged ones, and what else a program prints. */
  readonly onGarbage: () => void;
}

/** Longer than any frame: text that a boot loader prints has no end. */
const LONGEST = 1 << 16;

/** Cuts what comes over the line into frames, in whatever pieces it comes. */
export class FrameDecoder {
  private readonly bytes: number[] = [];
  private escaped = false;
  private damaged = false;

  constructor(private readonly handlers: FrameHandlers) {}

  push(chunk: Uint8Array): void {
    for (const byte of chunk) this.take(byte);
  }

  private take(byte: number): void {
    if (byte === END) {
      this.finish();
      return;
    }
    if (this.escaped) {
      this.escaped = false;
      if (byte !== ESCAPED_END && byte !== ESCAPED_ESCAPE) this.damaged = true;
      this.bytes.push(byte === ESCAPED_END ? END : ESCAPE);
    } else if (byte === ESCAPE) this.escaped = true;
    else if (this.bytes.length < LONGEST) this.bytes.push(byte);
    else this.damaged = true;
  }

  private finish(): void {
    const frame = Buffer.from(this.bytes.splice(0));
    const damaged = this.damaged || this.escaped;
    this.damaged = false;
    this.escaped = false;
    if (frame.length === 0 && !damaged) return;
    const body = frame.subarray(0, Math.max(0, frame.length - CHECKSUM_BYTES));
    const isWhole = !damaged && frame.length > CHECKSUM_BYTES && frame.readUInt32LE(body.length) === crc32(body);
    if (isWhole) this.handlers.onFrame(Uint8Array.from(body));
    else this.handlers.onGarbage();
  }
}
