/** The C function that copies the window of a pixel, with what lies in the padding. */
import { type Geometry, leaves, leavesSideways } from './geometry.js';
import { copyLine } from './source.js';

/**
 * `window`: copies one window; `row` is where its first tap lies or would lie. Taps in the padding hold the zero point.
 * @param layout dense: tap behind tap; spread: as far apart in a row as they are in the image
 */
export function windowFunction(g: Geometry, layout: 'dense' | 'spread'): string[] {
  const parameters = leaves(g)
    ? 'const int8_t *row, int32_t iy, int32_t ix, int8_t *to, int32_t zero'
    : 'const int8_t *row, int8_t *to';
  const step = layout === 'dense' ? 'IN_C' : 'DILATION_W * IN_C';
  const bytes = layout === 'dense' ? 'ROW' : 'PITCH';
  return [
    '/* Copies one window. */',
    `static inline void window(${parameters}) {`,
    ...columnLines(g),
    '  for (int32_t ky = 0; ky < KERNEL_H; ky++) {',
    ...(leaves(g)
      ? [
          '    if (iy < 0 || iy >= IN_H) {',
          `      nanoc_mve_fill(to, zero, ${bytes});`,
          '    } else {',
          ...rowLines(g, '      ', step),
          '    }',
          '    iy += DILATION_H;',
        ]
      : rowLines(g, '    ', step)),
    `    to += ${bytes};`,
    '    row += DILATION_H * IN_W * IN_C;',
    '  }',
    '}',
  ];
}

/** Where a row of the window that lies side by side enters and leaves the image, in bytes. */
function columnLines(g: Geometry): string[] {
  if (!leaves(g)) return [];
  if (!leavesSideways(g)) return ['  (void)ix;'];
  if (g.dilationWidth > 1) return [];
  return [
    '  const int32_t left = nanoc_clamp(-ix, 0, KERNEL_W) * IN_C;',
    '  const int32_t right = nanoc_clamp(IN_W - ix, 0, KERNEL_W) * IN_C;',
  ];
}

/** One row of taps in the image. */
function rowLines(g: Geometry, indent: string, step: string): string[] {
  const sideways = leavesSideways(g);
  if (g.dilationWidth === 1) {
    const whole = copyLine('to', 'row', g.kernelWidth * g.inChannels);
    return [`${indent}${sideways ? 'nanoc_mve_copy_row(to, row, left, right, ROW, zero);' : whole}`];
  }
  const tap = copyLine(`to + kx * ${step}`, 'row + kx * DILATION_W * IN_C', g.inChannels);
  const outside = [
    `${indent}  if (ix + kx * DILATION_W < 0 || ix + kx * DILATION_W >= IN_W) {`,
    `${indent}    nanoc_mve_fill(to + kx * ${step}, zero, IN_C);`,
    `${indent}  } else {`,
    `${indent}    ${tap}`,
    `${indent}  }`,
  ];
  return [
    `${indent}for (int32_t kx = 0; kx < KERNEL_W; kx++) {`,
    ...(sideways ? outside : [`${indent}  ${tap}`]),
    `${indent}}`,
  ];
}
