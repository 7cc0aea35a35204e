/** A bool vector that compares the indices 0, 1, 2 ... with one position that the model computes or is given. */
import type { GraphEditor } from '../../ir/builders.js';
import { elementCount } from '../../ir/tensor.js';

export interface Position {
  /** The value with the position, one integer. */
  readonly name: string;
}

/** The same comparison with its sides exchanged. */
const MIRRORED: Readonly<Record<string, string>> = {
  Equal: 'Equal',
  Less: 'Greater',
  LessOrEqual: 'GreaterOrEqual',
  Greater: 'Less',
  GreaterOrEqual: 'LessOrEqual',
};

/**
 * The position in `index OP position`, for indices from 0 to count - 1; undefined when the value is something else.
 * @param comparisons which OPs will do
 */
export function positionAgainstIndices(
  editor: GraphEditor,
  name: string,
  comparisons: readonly string[],
  count: number,
): Position | undefined {
  let node = editor.producer(name);
  while (node?.op === 'Reshape' && node.domain === '') node = editor.producer(node.inputs[0]!);
  if (node?.domain !== '' || MIRRORED[node.op] === undefined) return undefined;
  const [a, b] = node.inputs as [string, string];
  const op = isIndices(editor, a, count) ? node.op : MIRRORED[node.op]!;
  const [indices, position] = op === node.op && isIndices(editor, a, count) ? [a, b] : [b, a];
  if (!comparisons.includes(op) || !isIndices(editor, indices, count)) return undefined;
  const value = editor.value(position);
  const isInteger = value.dtype === 'int64' || value.dtype === 'int32';
  return isInteger && elementCount(value.shape) === 1 && value.constant === undefined ? { name: position } : undefined;
}

function isIndices(editor: GraphEditor, name: string, count: number): boolean {
  const { constant } = editor.value(name);
  if (constant === undefined || constant.data.length !== count) return false;
  return Array.from(constant.data as Int32Array, Number).every((value, index) => value === index);
}
