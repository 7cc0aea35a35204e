/** Pixels of a camera as the bytes 0..255 of one grey channel or of red, green and blue. */

/**
 * rgb888, bgr888: three bytes in this order. rgb565le, rgb565be: 16 bits, five red ones highest; the low or the high byte comes first
 * (the latter is how OV2640 and its like send them). gray8: a byte.
 */
export const PIXEL_FORMATS = ['rgb888', 'bgr888', 'rgb565le', 'rgb565be', 'gray8'] as const;
export type PixelFormat = (typeof PIXEL_FORMATS)[number];

/** Red, green, blue as parts of 65,536 (ITU-R BT.601): Pillow's `convert("L")`. */
export const LUMA = { red: 19595, green: 38470, blue: 7471, half: 32768, bits: 16 } as const;

export function bytesPerPixel(format: PixelFormat): number {
  if (format === 'gray8') return 1;
  return format === 'rgb565le' || format === 'rgb565be' ? 2 : 3;
}

/** Red, green and blue of the pixel that begins at byte `at`; grey is three times the same. */
function redGreenBlue(format: PixelFormat, bytes: Uint8Array, at: number): [number, number, number] {
  const byte = (index: number) => bytes[at + index]!;
  switch (format) {
    case 'rgb888':
      return [byte(0), byte(1), byte(2)];
    case 'bgr888':
      return [byte(2), byte(1), byte(0)];
    case 'rgb565le':
      return from565((byte(1) << 8) | byte(0));
    case 'rgb565be':
      return from565((byte(0) << 8) | byte(1));
    case 'gray8':
      return [byte(0), byte(0), byte(0)];
  }
}

/** Five and six bits become eight by repeating the highest ones: 31 and 63 are 255. */
function from565(bits: number): [number, number, number] {
  const [red, green, blue] = [bits >> 11, (bits >> 5) & 63, bits & 31];
  return [(red << 3) | (red >> 2), (green << 2) | (green >> 4), (blue << 3) | (blue >> 2)];
}

/** The pixel's channels, 0..255 each: one is grey, rounded to a byte; three are red, green, blue. */
export function channelsOf(format: PixelFormat, bytes: Uint8Array, at: number, channels: 1 | 3): readonly number[] {
  if (format === 'gray8' && channels === 1) return [bytes[at]!];
  const [red, green, blue] = redGreenBlue(format, bytes, at);
  return channels === 3 ? [red, green, blue] : [grey(red, green, blue)];
}

export function grey(red: number, green: number, blue: number): number {
  return (LUMA.red * red + LUMA.green * green + LUMA.blue * blue + LUMA.half) >>> LUMA.bits;
}

/** The bytes of a pixel as a camera of this format sends it: the low bits of rgb565 are cut off. */
export function encodePixel(format: PixelFormat, red: number, green: number, blue: number): number[] {
  const bits = ((red >> 3) << 11) | ((green >> 2) << 5) | (blue >> 3);
  switch (format) {
    case 'rgb888':
      return [red, green, blue];
    case 'bgr888':
      return [blue, green, red];
    case 'rgb565le':
      return [bits & 255, bits >> 8];
    case 'rgb565be':
      return [bits >> 8, bits & 255];
    case 'gray8':
      return [grey(red, green, blue)];
  }
}
