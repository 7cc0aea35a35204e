/** Sliding windows of Conv, ConvTranspose and the pools. Everything is for one or two spatial dimensions. */
import type { NodeView } from '../define.js';

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begins, then ends, as ONNX has them. */
  readonly pads: readonly number[];
  readonly output: readonly number[];
}

const MAXIMUM = 1 << 16;

function positive(name: string) {
  return (value: unknown): string | undefined =>
    (value as number[]).every((x) => x >= 1 && x < MAXIMUM)
      ? undefined
      : `must be positive, and is [${value}] (${name})`;
}

/** Attributes that Conv and the pools share, with their checks. */
export const windowAttributes = {
  kernel_shape: { type: 'ints', check: positive('kernel_shape') },
  strides: { type: 'ints', check: positive('strides') },
  dilations: { type: 'ints', check: positive('dilations') },
  pads: {
    type: 'ints',
    check: (value: unknown) =>
      (value as number[]).every((x) => x >= 0 && x < MAXIMUM) ? undefined : `must not be negative, and is [${value}]`,
  },
  auto_pad: {
    type: 'string',
    default: 'NOTSET',
    check: (value: unknown) =>
      ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'].includes(String(value)) ? undefined : `is unknown: "${value}"`,
  },
} as const;

/** Kernel, strides, dilations and pads of a node, all explicit, with auto_pad resolved (onnx: Conv, AveragePool). */
export function windowOf(
  view: NodeView,
  spatial: readonly number[],
  kernelShape?: readonly number[],
  ceil = false,
): Window {
  const rank = spatial.length;
  const list = (name: string, fallback: number): readonly number[] => {
    if (!view.has(name)) return spatial.map(() => fallback);
    const given = view.ints(name);
    if (given.length !== rank)
      view.bad(`attribute "${name}" has ${given.length} numbers`, {
        expected: `${rank}, one for each spatial dimension`,
      });
    return given;
  };
  const kernel = view.has('kernel_shape') ? list('kernel_shape', 1) : kernelShape;
  if (kernel === undefined) return view.bad('attribute "kernel_shape" is missing');
  if (kernelShape !== undefined && kernel.join() !== kernelShape.join()) {
    view.bad(`kernel_shape is [${kernel}], the weights have [${kernelShape}]`);
  }
  const strides = list('strides', 1);
  const dilations = list('dilations', 1);
  const extent = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
  const pads = padsOf(view, spatial, strides, extent);
  const output = spatial.map((size, i) => {
    const room = size + pads[i]! + pads[i + rank]! - extent[i]!;
    if (room < 0) {
      view.bad(
        `the window of ${extent[i]} is larger than the padded input of ${room + extent[i]!} (spatial dimension ${i})`,
      );
    }
    let count = (ceil ? Math.ceil(room / strides[i]!) : Math.floor(room / strides[i]!)) + 1;
    // A window that would start in the padding at the end does not count (onnx AveragePool, ceil_mode).
    if (ceil && (count - 1) * strides[i]! >= size + pads[i]!) count -= 1;
    return count;
  });
  return { kernel, strides, dilations, pads, output };
}

function padsOf(
  view: NodeView,
  spatial: readonly number[],
  strides: readonly number[],
  extent: readonly number[],
): readonly number[] {
  const rank = spatial.length;
  const mode = view.string('auto_pad');
  if (mode === 'VALID') return Array<number>(2 * rank).fill(0);
  if (mode === 'NOTSET') {
    if (!view.has('pads')) return Array<number>(2 * rank).fill(0);
    const pads = view.ints('pads');
    if (pads.length !== 2 * rank)
      view.bad(`attribute "pads" has ${pads.length} numbers`, { expected: `${2 * rank}: begins, then ends` });
    return pads;
  }
  const begin: number[] = [];
  const end: number[] = [];
  spatial.forEach((size, i) => {
    const total = Math.max((Math.ceil(size / strides[i]!) - 1) * strides[i]! + extent[i]! - size, 0);
    const small = Math.floor(total / 2);
    begin.push(mode === 'SAME_UPPER' ? small : total - small);
    end.push(mode === 'SAME_UPPER' ? total - small : small);
  });
  return [...begin, ...end];
}

/** The window with two spatial dimensions; a single one becomes the width of a row. */
export function as2d(window: Window): Window {
  if (window.kernel.length === 2) return window;
  const { kernel, strides, dilations, pads, output } = window;
  return {
    kernel: [1, kernel[0]!],
    strides: [1, strides[0]!],
    dilations: [1, dilations[0]!],
    pads: [0, pads[0]!, 0, pads[1]!],
    output: [1, output[0]!],
  };
}

/** The canonical attributes of a window: all explicit, no auto_pad. */
export function windowOnly(window: Window): Record<string, readonly number[]> {
  const { kernel, strides, dilations, pads } = window;
  return { kernel_shape: kernel, strides, dilations, pads };
}
