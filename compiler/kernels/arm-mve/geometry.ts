/** The shape of a sliding window over [batch][height][width][channels], as the generators and the overlap contract see it. */
import type { LowerContext } from '../../ops/define.js';
import { windowOf } from '../../ops/shared/window.js';

export interface Geometry {
  readonly batches: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
}

/** x and y are NHWC, the weights [M, C/group, kH, kW]. */
export function geometryOf(context: LowerContext): Geometry {
  const [batches, inHeight, inWidth, inChannels] = context.required(0).shape as [number, number, number, number];
  const [, outHeight, outWidth, outChannels] = context.output(0).shape as [number, number, number, number];
  const window = windowOf(context, [inHeight, inWidth], context.required(1).shape.slice(2));
  const [kernelHeight, kernelWidth] = window.kernel as [number, number];
  const [strideHeight, strideWidth] = window.strides as [number, number];
  const [dilationHeight, dilationWidth] = window.dilations as [number, number];
  const [padTop, padLeft] = window.pads as [number, number];
  return {
    ...{ batches, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, kernelHeight, kernelWidth },
    ...{ strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft },
  };
}

/** A product of a matrix with `rows` rows is a 1x1 convolution of as many pixels. */
export function rowsGeometry(rows: number, inner: number, columns: number): Geometry {
  return {
    ...{ batches: 1, inHeight: 1, inWidth: rows, inChannels: inner, outHeight: 1, outWidth: rows },
    ...{ outChannels: columns, kernelHeight: 1, kernelWidth: 1, strideHeight: 1, strideWidth: 1 },
    ...{ dilationHeight: 1, dilationWidth: 1, padTop: 0, padLeft: 0 },
  };
}

/** Rows of the image from the first to behind the last tap. */
export function spanHeight({ kernelHeight, dilationHeight }: Geometry): number {
  return (kernelHeight - 1) * dilationHeight + 1;
}

export function spanWidth({ kernelWidth, dilationWidth }: Geometry): number {
  return (kernelWidth - 1) * dilationWidth + 1;
}

/** True when a window leaves the image on the left or right. */
export function leavesSideways(g: Geometry): boolean {
  return g.padLeft > 0 || (g.outWidth - 1) * g.strideWidth - g.padLeft + spanWidth(g) > g.inWidth;
}

export function leaves(g: Geometry): boolean {
  return (
    leavesSideways(g) || g.padTop > 0 || (g.outHeight - 1) * g.strideHeight - g.padTop + spanHeight(g) > g.inHeight
  );
}

/** First byte of the input that a window reads, Infinity when it lies in the padding. */
export function firstByte(g: Geometry, batch: number, row: number, column: number): number {
  const top = firstTap(row * g.strideHeight - g.padTop, g.dilationHeight, g.kernelHeight, g.inHeight);
  const left = firstTap(column * g.strideWidth - g.padLeft, g.dilationWidth, g.kernelWidth, g.inWidth);
  return ((batch * g.inHeight + top) * g.inWidth + left) * g.inChannels;
}

function firstTap(start: number, dilation: number, taps: number, size: number): number {
  const tap = start >= 0 ? 0 : Math.ceil(-start / dilation);
  const at = start + tap * dilation;
  return tap < taps && at < size ? at : Number.POSITIVE_INFINITY;
}

/** Part of the names of functions that are made for one geometry. */
export function geometryName(g: Geometry): string {
  const batch = g.batches === 1 ? '' : `${g.batches}x`;
  const dilated = g.dilationHeight > 1 || g.dilationWidth > 1 ? `_d${g.dilationHeight}x${g.dilationWidth}` : '';
  const window = `k${g.kernelHeight}x${g.kernelWidth}_s${g.strideHeight}x${g.strideWidth}${dilated}_p${g.padTop}x${g.padLeft}`;
  return `${batch}${g.inHeight}x${g.inWidth}x${g.inChannels}_${g.outHeight}x${g.outWidth}x${g.outChannels}_${window}`;
}

/** Constants of the generated C, in the manner of the portable kernels' parameters. */
export function geometryConstants(g: Geometry): [string, number][] {
  return [
    ['BATCHES', g.batches],
    ['IN_H', g.inHeight],
    ['IN_W', g.inWidth],
    ['IN_C', g.inChannels],
    ['OUT_H', g.outHeight],
    ['OUT_W', g.outWidth],
    ['OUT_C', g.outChannels],
    ['KERNEL_H', g.kernelHeight],
    ['KERNEL_W', g.kernelWidth],
    ['STRIDE_H', g.strideHeight],
    ['STRIDE_W', g.strideWidth],
    ['DILATION_H', g.dilationHeight],
    ['DILATION_W', g.dilationWidth],
    ['PAD_TOP', g.padTop],
    ['PAD_LEFT', g.padLeft],
  ];
}
