/** Integers compared with ONNX Runtime, by operator. */
export interface Count {
  elements: number;
  /** On the other side of a rounding tie; of a Softmax, one step away. */
  differing: number;
}

export type Tally = ReadonlyMap<string, Count>;

export function addTo(tally: Map<string, Count>, operator: string, elements: number, differing: number): void {
  const count = tally.get(operator) ?? { elements: 0, differing: 0 };
  tally.set(operator, { elements: count.elements + elements, differing: count.differing + differing });
}

export function joined(tallies: readonly Tally[]): Tally {
  const result = new Map<string, Count>();
  for (const tally of tallies)
    for (const [name, { elements, differing }] of tally) addTo(result, name, elements, differing);
  return result;
}

/** Of all operators together. */
export function totalOf(tally: Tally): Count {
  return [...tally.values()].reduce(
    (sum, { elements, differing }) => ({ elements: sum.elements + elements, differing: sum.differing + differing }),
    { elements: 0, differing: 0 },
  );
}

/** One line an operator, the most differing first. */
export function tallyLines(tally: Tally): string[] {
  const share = ({ elements, differing }: Count) => differing / elements;
  return [...tally]
    .sort(([a, x], [b, y]) => share(y) - share(x) || (a < b ? -1 : 1))
    .map(([name, { elements, differing }]) => `${name.padEnd(26)}${String(differing).padStart(8)} of ${elements}`);
}
