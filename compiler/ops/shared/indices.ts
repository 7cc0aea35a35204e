/** What is asked of indices, by whatever operator reads them. */
import type { Value } from '../../ir/graph.js';
import type { NodeView } from '../define.js';

/** @throws NC0204 when the indices are of another type than ONNX's two */
export function checkIndexType(view: NodeView, { dtype }: Value): void {
  if (dtype !== 'int32' && dtype !== 'int64') view.bad(`the indices are ${dtype}`, { expected: 'int32 or int64' });
}

/** @throws NC0204 when a constant index lies outside of its dimension; `sizeOf` gives the size for the element `i` of the indices */
export function checkConstantIndices(view: NodeView, indices: Value, sizeOf: (i: number) => number): void {
  const data = indices.constant?.data;
  if (data === undefined) return;
  const wrong = Array.from(data as Int32Array, Number).findIndex((at, i) => at < -sizeOf(i) || at >= sizeOf(i));
  if (wrong >= 0)
    view.bad(`index ${data[wrong]} is out of range`, {
      expected: `from ${-sizeOf(wrong)} to ${sizeOf(wrong) - 1}`,
    });
}
