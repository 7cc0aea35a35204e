/** Sizes and zero points of a MatMulNBits. */
import { elementCount } from '../../ir/tensor.js';
import type { NodeView } from '../define.js';
import { constantOf } from './convolution.js';
import { blockZeroPoints } from './nbits.js';

export interface Geometry {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly bits: number;
  readonly block: number;
  /** Blocks of a column; the last one may be shorter, its weights are there all the same. */
  readonly blocks: number;
}

export function geometry(view: NodeView): Geometry {
  const [inner, columns, bits, block] = ['K', 'N', 'bits', 'block_size'].map((name) => view.int(name)) as [
    number,
    number,
    number,
    number,
  ];
  const rows = elementCount(view.required(0).shape) / inner;
  return { rows, inner, columns, bits, block, blocks: Math.ceil(inner / block) };
}

/** One zero point for each block of each column. */
export function zeroPointsOf(view: NodeView): Uint8Array {
  const { columns, bits, blocks } = geometry(view);
  const packed = view.input(3) === undefined ? undefined : (constantOf(view, 3).data as Uint8Array);
  return blockZeroPoints(packed, columns, blocks, bits);
}
