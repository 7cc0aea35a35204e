/**
 * Depthwise windows that leave the image are read from a panel: the rows that a block of output rows reads, four channels of a pixel in
 * a word, with the zero point in place of what is missing. All windows of a block are then at equal distances from each other.
 */
import type { WindowShape } from './window.js';

export type PanelShape = Pick<
  WindowShape,
  | `${'in' | 'out'}${'Height' | 'Width'}`
  | `${'kernel' | 'stride' | 'dilation'}${'Height' | 'Width'}`
  | 'padTop'
  | 'padLeft'
  | 'pads'
>;

export interface Panel {
  /** Output rows that are read from it before it is filled again. */
  readonly block: number;
  readonly rows: number;
  /** Words of a row. */
  readonly pitch: number;
  /** Pixels of a row that come from the image. */
  readonly copied: number;
  readonly bytes: number;
}

/** Bytes of a panel that is worth having at any price in the arena, and at most. */
const ENOUGH = 512;
const MOST = 1536;

/** Instructions of a tap of a window that is copied by itself, of a pixel of the panel, and of one of its rows. */
const COPIED_TAP = 17.5;
const PANEL_PIXEL = 4;
const PANEL_ROW = 14;

/** Undefined where no window leaves the image, or where so few do that they are better copied one by one. */
export function panelOf(shape: PanelShape): Panel | undefined {
  if (!shape.pads) return undefined;
  const pitch = (shape.outWidth - 1) * shape.strideWidth + (shape.kernelWidth - 1) * shape.dilationWidth + 1;
  const copied = Math.min(shape.inWidth, pitch - shape.padLeft);
  const rowsOf = (block: number) =>
    (block - 1) * shape.strideHeight + (shape.kernelHeight - 1) * shape.dilationHeight + 1;
  let block = 1;
  while (block < shape.outHeight && 4 * pitch * rowsOf(block + 1) <= ENOUGH) block += 1;
  const panel = { block, rows: rowsOf(block), pitch, copied, bytes: 4 * pitch * rowsOf(block) };
  if (copied < 1 || panel.bytes > MOST) return undefined;
  return panelCost(shape, panel) < borderCost(shape) ? panel : undefined;
}

/** Instructions to fill the panel for four channels. */
export function panelCost({ outHeight }: Pick<WindowShape, 'outHeight'>, { block, rows, copied }: Panel): number {
  return Math.ceil(outHeight / block) * rows * (PANEL_ROW + PANEL_PIXEL * copied);
}

/** Instructions to copy the windows that leave the image, four channels of each. */
function borderCost(shape: PanelShape): number {
  const inside = (out: number, stride: number, pad: number, span: number, size: number) =>
    Array.from({ length: out }, (_, i) => i * stride - pad).filter((at) => at >= 0 && at + span <= size).length;
  const { outHeight, outWidth, kernelHeight, kernelWidth } = shape;
  const rows = inside(
    outHeight,
    shape.strideHeight,
    shape.padTop,
    span(kernelHeight, shape.dilationHeight),
    shape.inHeight,
  );
  const columns = inside(
    outWidth,
    shape.strideWidth,
    shape.padLeft,
    span(kernelWidth, shape.dilationWidth),
    shape.inWidth,
  );
  return (outHeight * outWidth - rows * columns) * COPIED_TAP * kernelHeight * kernelWidth;
}

function span(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1;
}

/** The constants of the driver, besides those of every window. */
export function panelConstants(shape: PanelShape, { block, rows, pitch, copied }: Panel): [string, number][] {
  return [
    ['BLOCK', block],
    ['SPAN_H', span(shape.kernelHeight, shape.dilationHeight)],
    ['PANEL', rows * pitch],
    ['PITCH', pitch],
    ['COPIED', copied],
  ];
}

/** All pixels of four channels, block by block. */
export function panelFunctions(): string[] {
  return [
    '/* Rows of the image from `first` on, four channels of each pixel; zeros is the zero point in four bytes. */',
    'static void fill(const int8_t *x, int32_t first, int32_t rows, uint32_t *to, uint32_t zeros) {',
    '  for (int32_t iy = first; iy < first + rows; iy++, to += PITCH) {',
    '    if (iy < 0 || iy >= IN_H) {',
    '      for (int32_t i = 0; i < COPIED; i++) {',
    '        to[i] = zeros;',
    '      }',
    '      continue;',
    '    }',
    '    const int8_t *pixel = x + iy * IN_W * CHANNELS;',
    '    for (int32_t i = 0; i < COPIED; i++, pixel += CHANNELS) {',
    '      (void)memcpy(to + i, pixel, 4);',
    '    }',
    '  }',
    '}',
    '',
    'static void group(const int8_t *x, int8_t *y, uint32_t *scratch, int32_t exact, const nanoc_dsp_window_params *p) {',
    '  uint32_t *panel = scratch + EXPANDED;',
    '  for (int32_t oy = 0; oy < OUT_H; oy += BLOCK) {',
    '    const int32_t rows = OUT_H - oy < BLOCK ? OUT_H - oy : BLOCK;',
    '    fill(x, oy * STRIDE_H - PAD_TOP, (rows - 1) * STRIDE_H + SPAN_H, panel + PAD_LEFT, p->x_zeros);',
    '    for (int32_t r = 0; r < rows; r++) {',
    '      pixels_in_panel((const int8_t *)(panel + r * STRIDE_H * PITCH), y + (oy + r) * OUT_W * CHANNELS, scratch, OUT_W, exact, p);',
    '    }',
    '  }',
    '}',
  ];
}

/** Once for all channels: what lies left and right of the image is never written again. */
export function clearPanel(): string[] {
  return ['  for (int32_t i = 0; i < PANEL; i++) {', '    scratch[EXPANDED + i] = params->x_zeros;', '  }'];
}
