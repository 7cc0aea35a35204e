/** Inputs on which a call has to prove itself. */
import type { Tensor } from '../../ir/tensor.js';
import { defaultVectors } from '../default-vectors.js';
import type { VectorSet } from '../vector-set.js';
import type { CallReference } from './reference.js';

/** All minimum, all maximum, ties, edges, alternating extremes, all zero, and two random ones. */
const DEFAULT_COUNT = 8;

/**
 * The special and random vectors of `defaultVectors`, and for values with rows and columns one for each border that is random there
 * and constant elsewhere: a border that is read as padding, or beyond, shows at once. In ONNX layout.
 */
export function stimuliFor({ graph }: CallReference): VectorSet {
  const { vectors, labels } = defaultVectors(graph, { count: DEFAULT_COUNT });
  const random = vectors.at(-1)!;
  const still = vectors[labels.indexOf('all zero')]!;
  const hasRows = [...random.values()].some(({ shape }) => shape.length === 4 && shape[2]! * shape[3]! > 1);
  if (!hasRows) return { vectors, labels };
  const marked = BORDERS.map(
    ({ isOn }) => new Map([...random].map(([name, from]) => [name, merged(from, still.get(name)!, isOn)])),
  );
  return { vectors: [...vectors, ...marked], labels: [...labels, ...BORDERS.map(({ label }) => label)] };
}

type Border = (row: number, column: number, rows: number, columns: number) => boolean;

const BORDERS: readonly { readonly label: string; readonly isOn: Border }[] = [
  { label: 'first row marked', isOn: (row) => row === 0 },
  { label: 'last row marked', isOn: (row, _, rows) => row === rows - 1 },
  { label: 'first column marked', isOn: (_, column) => column === 0 },
  { label: 'last column marked', isOn: (_, column, __, columns) => column === columns - 1 },
];

/** `random` on the border of [N, C, H, W], `still` elsewhere; other values are random altogether. */
function merged(random: Tensor, still: Tensor, isOn: Border): Tensor {
  if (random.shape.length !== 4) return random;
  const [rows, columns] = [random.shape[2]!, random.shape[3]!];
  const data = still.data.slice();
  for (let index = 0; index < data.length; index += 1) {
    const column = index % columns;
    const row = Math.floor(index / columns) % rows;
    if (isOn(row, column, rows, columns)) data[index] = random.data[index]!;
  }
  return { ...random, data };
}
