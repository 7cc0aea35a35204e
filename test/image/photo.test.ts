/** Pictures from files: what is read, what is refused, and the frame that is made of them. */
import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../compiler/diagnostics/diagnostic.js';
import { frameOf, readPhoto } from '../../compiler/image/photo.js';
import type { PixelFormat } from '../../compiler/image/pixel-format.js';
import type { ImagePlan } from '../../compiler/image/plan.js';
import { Random } from '../support/random.js';

const text = (header: string, ...pixels: number[]) => Buffer.concat([Buffer.from(header), Uint8Array.from(pixels)]);
const rgbOf = (bytes: Uint8Array) => Array.from(readPhoto('photo', bytes).rgb);

const PILLOW: readonly (readonly [string, readonly number[]])[] = [
  [
    'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACAQMAAACnuvRZAAAABlBMVEUKFB7IZDJ3oLOcAAAADElEQVR4nGNwYDgAAAGEAQEKf5BQAAAAAElFTkSuQmCC',
    [10, 20, 30, 200, 100, 50, 10, 20, 30, 200, 100, 50, 200, 100, 50, 10, 20, 30],
  ],
  [
    'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACAQAAAAC1D1u3AAAADElEQVR4nGNwYDgAAAGEAQEKf5BQAAAAAElFTkSuQmCC',
    [0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0],
  ],
  [
    'iVBORw0KGgoAAAANSUhEUgAAAAMAAAABBAMAAADpzgmHAAAAMFBMVEUAAP8BAv4CBP0DBvwECPsFCvoGDPkHDvgIEPcJEvYKFPULFvQMGPMNGvIOHPEPHvDfANm+AAAAC0lEQVR4nGMw/wAAAWEBKFxNHnYAAAAASUVORK5CYII=',
    [3, 6, 252, 7, 14, 248, 15, 30, 240],
  ],
];

function refused(bytes: Uint8Array): string {
  try {
    readPhoto('photo', bytes);
  } catch (error) {
    if (error instanceof CompileError && error.diagnostics[0]!.code === 'NC0753') return error.diagnostics[0]!.because!;
    throw error;
  }
  return 'nothing';
}

describe('readPhoto', () => {
  it('reads binary PPM and PGM, with comments', () => {
    expect(rgbOf(text('P6 2 1 255\n', 1, 2, 3, 4, 5, 6))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(rgbOf(text('P5\n# made by hand\n1\t2 # so high\n255\n', 7, 8))).toEqual([7, 7, 7, 8, 8, 8]);
  });

  it('reads PNG: colour, grey, with alpha, 16 bits, palettes and grey of less than 8 bits', () => {
    const one = (data: number[], channels: number, depth: 8 | 16 = 8) =>
      rgbOf(
        encode({
          width: 1,
          height: 1,
          channels,
          depth,
          data: depth === 8 ? Uint8Array.from(data) : Uint16Array.from(data),
        }),
      );
    expect(one([1, 2, 3], 3)).toEqual([1, 2, 3]);
    expect(one([1, 2, 3, 9], 4)).toEqual([1, 2, 3]);
    expect(one([5], 1)).toEqual([5, 5, 5]);
    expect(one([5, 9], 2)).toEqual([5, 5, 5]);
    expect(one([0x1234, 0xffff, 0x00ff], 3, 16)).toEqual([0x12, 0xff, 0]);
    // Written by Pillow 13: 3x2, a palette of two colours in one bit; and grey of one bit.
    for (const [base64, wanted] of PILLOW) expect(rgbOf(Buffer.from(base64, 'base64'))).toEqual(wanted);
  });

  it('refuses what is damaged or hostile, without reading it', () => {
    expect(refused(Buffer.from(''))).toContain('neither');
    expect(refused(text('P3 1 1 255\n1 2 3'))).toContain('neither');
    expect(refused(text('P6 2 1 255\n', 1, 2, 3))).toContain('3 bytes of pixels: 6');
    expect(refused(text('P6 2'))).toContain('lacks a number');
    expect(refused(text('P6 -2 1 255\n'))).toContain('lacks a number');
    expect(refused(text('P6 0 1 255\n'))).toContain('0x1');
    expect(refused(text('P6 999999999 999999999 255\n'))).toContain('at most');
    expect(refused(text('P6 99999999999999999999 1 255\n'))).toMatch(/at most|neither|lacks|highest/);
    expect(refused(text('P6 1 1 65535\n', 1, 2, 3, 4, 5, 6))).toContain('65535');
    expect(refused(text('P6 1 1 255'))).toContain('white space');
    expect(refused(text(`P6 #${' '.repeat(9)}`))).toContain('lacks a number');
    const png = encode({ width: 4, height: 4, channels: 3, data: new Uint8Array(48) });
    for (let end = 8; end < png.length; end += 5) expect(refused(png.subarray(0, end))).not.toBe('nothing');
    const huge = Uint8Array.from(png);
    new DataView(huge.buffer).setUint32(16, 0x7fffffff);
    expect(refused(huge)).toContain('at most');
    const random = new Random(2);
    for (let i = 0; i < 100; i += 1) {
      const damaged = Uint8Array.from(png);
      damaged[random.integer(8, png.length - 1)] = random.integer(0, 255);
      // Either it is read, or it is refused in words.
      expect(typeof refused(damaged)).toBe('string');
    }
  });
});

describe('frameOf', () => {
  const planOf = (width: number, height: number, format: PixelFormat) =>
    ({ frame: { width, height, format } }) as ImagePlan;

  it('takes a picture of the size of the frame as it is', () => {
    const rgb = Uint8Array.from({ length: 18 }, (_, i) => i * 14);
    expect(frameOf(planOf(3, 2, 'rgb888'), { width: 3, height: 2, rgb })).toEqual(rgb);
  });

  it('makes no frame that is larger than any picture', () => {
    const rgb = Uint8Array.of(1, 2, 3);
    expect(() => frameOf(planOf(65535, 65535, 'gray8'), { width: 1, height: 1, rgb })).toThrow('NC0753');
  });

  it('resizes the middle of others, in the proportions of the frame', () => {
    // Columns 1 and 2 of four, each of two rows.
    const grey = [9, 10, 20, 9, 9, 30, 41, 9];
    const rgb = Uint8Array.from(grey.flatMap((level) => [level, level, level]));
    expect(frameOf(planOf(1, 1, 'gray8'), { width: 4, height: 2, rgb })).toEqual(Uint8Array.of(25));
    expect(frameOf(planOf(3, 5, 'rgb565le'), { width: 1, height: 1, rgb: Uint8Array.of(255, 0, 0) })).toEqual(
      Uint8Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? 0 : 0xf8)),
    );
  });
});
