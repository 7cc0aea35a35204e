/** Pictures from files, as red, green and blue bytes; and as the frame that a camera would give of them. */
import { decode, hasPngSignature } from 'fast-png';
import { fail } from '../diagnostics/diagnostic.js';
import { makeAxis, tapsOf } from './axis.js';
import { encodePixel } from './pixel-format.js';
import type { ImagePlan } from './plan.js';

export interface Photo {
  readonly width: number;
  readonly height: number;
  /** width x height x 3, rows from the top. */
  readonly rgb: Uint8Array;
}

/** Pixels of the largest picture that is read. */
const MOST_PIXELS = 2 ** 26;

/** @param fileName for messages @throws CompileError NC0753 when it is no PNG, PPM or PGM that can be read */
export function readPhoto(fileName: string, bytes: Uint8Array): Photo {
  try {
    return hasPngSignature(bytes) ? readPng(bytes) : readNetpbm(bytes);
  } catch (error) {
    return fail({
      code: 'NC0753',
      message: `${fileName} is no picture that can be read`,
      expected: 'PNG, or binary PPM or PGM (P6, P5) of 8 bits',
      because: (error as Error).message,
    });
  }
}

function readPng(bytes: Uint8Array): Photo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33) throw new Error('it ends within its header');
  // Before anything is unpacked: IHDR is the first chunk.
  checkSize(view.getUint32(16), view.getUint32(20));
  const { width, height, data, depth, channels, palette, transparency } = decode(bytes);
  if (transparency !== undefined && palette === undefined) throw new Error('it has a transparent colour');
  const rgb = new Uint8Array(width * height * 3);
  const lineBytes = Math.ceil((width * depth) / 8);
  /** Of less than 8 bits, several samples lie in a byte, the first one highest; each row begins with a new byte. */
  const packed = (x: number, y: number): number => {
    const bit = x * depth;
    return (data[y * lineBytes + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  };
  const grey = (value: number): number =>
    depth === 16 ? value >> 8 : depth < 8 ? (value * 255) / (2 ** depth - 1) : value;
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const first = depth < 8 ? packed(pixel % width, Math.floor(pixel / width)) : data[pixel * channels]!;
    const entry = palette?.[first];
    if (palette !== undefined && entry === undefined)
      throw new Error(`pixel ${pixel} has a colour that its palette lacks`);
    for (let c = 0; c < 3; c += 1) {
      rgb[3 * pixel + c] = entry?.[c] ?? grey(channels < 3 ? first : data[pixel * channels + c]!);
    }
  }
  return { width, height, rgb };
}

/** https://netpbm.sourceforge.net/doc/ppm.html */
function readNetpbm(bytes: Uint8Array): Photo {
  const magic = String.fromCharCode(...bytes.subarray(0, 2));
  if (magic !== 'P6' && magic !== 'P5') throw new Error('it begins as neither');
  let at = 2;
  const number = (): number => {
    for (;;) {
      const char = bytes[at];
      if (char === 0x23) while (at < bytes.length && bytes[at] !== 0x0a) at += 1;
      else if (char !== undefined && isSpace(char)) at += 1;
      else break;
    }
    const start = at;
    while (at < bytes.length && bytes[at]! >= 0x30 && bytes[at]! <= 0x39 && at - start < 10) at += 1;
    if (at === start) throw new Error('its header lacks a number');
    return Number(String.fromCharCode(...bytes.subarray(start, at)));
  };
  const [width, height, highest] = [number(), number(), number()];
  checkSize(width, height);
  if (highest !== 255) throw new Error(`its highest value is ${highest}: only 255 is read`);
  if (!isSpace(bytes[at] ?? 0)) throw new Error('its header does not end with white space');
  const channels = magic === 'P6' ? 3 : 1;
  const pixels = bytes.subarray(at + 1);
  const expected = width * height * channels;
  if (pixels.length < expected) throw new Error(`it has ${pixels.length} bytes of pixels: ${expected} are expected`);
  if (channels === 3) return { width, height, rgb: pixels.slice(0, expected) };
  return { width, height, rgb: Uint8Array.from({ length: 3 * expected }, (_, i) => pixels[Math.floor(i / 3)]!) };
}

function isSpace(char: number): boolean {
  return char === 0x20 || (char >= 0x09 && char <= 0x0d);
}

function checkSize(width: number, height: number): void {
  if (width < 1 || height < 1) throw new Error(`it is ${width}x${height}`);
  if (width * height > MOST_PIXELS) throw new Error(`it is ${width}x${height}; at most ${MOST_PIXELS} pixels are read`);
}

/**
 * The frame that a camera would give: the middle of the picture in the frame's proportions, resized to it by area, in its format.
 * A picture of the frame's size is taken as it is.
 * @throws CompileError NC0753 when the frame is larger than any picture that is read
 */
export function frameOf({ frame }: ImagePlan, { width, height, rgb }: Photo): Uint8Array {
  if (frame.width * frame.height > MOST_PIXELS)
    fail({
      code: 'NC0753',
      message: 'no picture is made as large as the frame of the camera',
      because: `the frame is ${frame.width}x${frame.height}; at most ${MOST_PIXELS} pixels are made`,
    });
  const scale = Math.min(width / frame.width, height / frame.height);
  const [wide, high] = [frame.width, frame.height].map((n) => Math.max(1, Math.floor(n * scale))) as [number, number];
  const [left, top] = [Math.floor((width - wide) / 2), Math.floor((height - high) / 2)];
  const columns = makeAxis('area', wide, frame.width);
  const rows = makeAxis('area', high, frame.height);
  const across = Array.from({ length: frame.width }, (_, at) => tapsOf('area', columns, at));
  const total = columns.total * rows.total;
  const bytes: number[] = [];
  for (let y = 0; y < frame.height; y += 1) {
    const down = tapsOf('area', rows, y);
    for (let x = 0; x < frame.width; x += 1) {
      const sums = [0, 0, 0];
      for (const { index: row, weight: a } of down) {
        for (const { index: column, weight: b } of across[x]!) {
          const at = 3 * ((top + row) * width + left + column);
          for (let c = 0; c < 3; c += 1) sums[c]! += a * b * rgb[at + c]!;
        }
      }
      const [red, green, blue] = sums.map((sum) => Math.round(sum / total)) as [number, number, number];
      bytes.push(...encodePixel(frame.format, red, green, blue));
    }
  }
  return Uint8Array.from(bytes);
}
