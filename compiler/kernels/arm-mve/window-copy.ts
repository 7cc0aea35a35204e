/** The C function that copies the window of a pixel, with what lies in the padding. */
import { type Geometry, leaves, leavesSideways, spanWidth } from './geometry.js';
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
  const inner = [
    ...(leaves(g) ? outsideLines(g, layout === 'dense' ? 'ROW' : 'PITCH') : []),
    ...(leaves(g) ? ['    } else {', ...insideLines(g, '      ', step), '    }'] : insideLines(g, '    ', step)),
  ];
  return [
    ...(leavesSideways(g) ? [...edgeFunction(step), ''] : []),
    '/* Copies one window. */',
    `static inline void window(${parameters}) {`,
    ...(leavesSideways(g) ? [`  const int32_t whole = ix >= 0 && ix + ${spanWidth(g)} <= IN_W;`] : []),
    ...(leaves(g) && !leavesSideways(g) ? ['  (void)ix;'] : []),
    '  for (int32_t ky = 0; ky < KERNEL_H; ky++) {',
    ...inner,
    layout === 'dense' ? '    to += ROW;' : '    to += PITCH;',
    '    row += DILATION_H * IN_W * IN_C;',
    ...(leaves(g) ? ['    iy += DILATION_H;'] : []),
    '  }',
    '}',
  ];
}

function outsideLines(g: Geometry, bytes: string): string[] {
  const lines = ['    if (iy < 0 || iy >= IN_H) {', `      nanoc_mve_fill(to, zero, ${bytes});`];
  return leavesSideways(g) ? [...lines, '    } else if (!whole) {', '      edge(row, ix, to, zero);'] : lines;
}

function insideLines(g: Geometry, indent: string, step: string): string[] {
  if (g.dilationWidth === 1) return [`${indent}${copyLine('to', 'row', g.kernelWidth * g.inChannels)}`];
  return [
    `${indent}for (int32_t kx = 0; kx < KERNEL_W; kx++) {`,
    `${indent}  ${copyLine(`to + kx * ${step}`, 'row + kx * DILATION_W * IN_C', g.inChannels)}`,
    `${indent}}`,
  ];
}

function edgeFunction(step: string): string[] {
  return [
    '/* One row of a window that leaves the image sideways: outside it holds the zero point. */',
    'static void edge(const int8_t *row, int32_t ix, int8_t *to, int32_t zero) {',
    '  for (int32_t kx = 0; kx < KERNEL_W; kx++) {',
    '    const int32_t column = ix + kx * DILATION_W;',
    '    if (column < 0 || column >= IN_W) {',
    `      nanoc_mve_fill(to + kx * ${step}, zero, IN_C);`,
    '    } else {',
    `      nanoc_mve_copy(to + kx * ${step}, row + kx * DILATION_W * IN_C, IN_C);`,
    '    }',
    '  }',
    '}',
  ];
}
