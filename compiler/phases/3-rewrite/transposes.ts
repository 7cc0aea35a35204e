/** Permutations, and the values that stand before a Transpose. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, Source, Value } from '../../ir/graph.js';

export type Permutation = readonly number[];

export function inverse(perm: Permutation): number[] {
  const result = perm.map(() => 0);
  perm.forEach((p, i) => {
    result[p] = i;
  });
  return result;
}

/** The one permutation that does `first` and then `second`. */
export function compose(first: Permutation, second: Permutation): number[] {
  return second.map((p) => first[p]!);
}

export function isIdentity(perm: Permutation): boolean {
  return perm.every((p, i) => p === i);
}

export function permuteShape(shape: readonly number[], perm: Permutation): number[] {
  return perm.map((p) => shape[p]!);
}

export function isTranspose(node: Node | undefined): node is Node & { readonly op: 'Transpose' } {
  return node?.op === 'Transpose' && node.domain === '';
}

export function permOf(node: Node): Permutation {
  return node.attributes.perm as Permutation;
}

/** Where a value's elements come from, seen after one more Transpose. */
function transposedSource(value: Value, perm: Permutation): Source | undefined {
  const source = value.source;
  if (source === undefined) return undefined;
  const combined = source.perm === undefined ? [...perm] : compose(source.perm, perm);
  const { perm: _, ...rest } = source;
  return isIdentity(combined) ? rest : { ...rest, perm: combined };
}

/** Adds a value that is `value` transposed by `perm` (ONNX Transpose); no node makes it yet. */
export function addTransposed(editor: GraphEditor, value: Value, perm: Permutation, suffix: string): string {
  const { constant: _, source: __, ...rest } = value;
  const source = transposedSource(value, perm);
  const axis = value.quantization?.axis;
  // The scales of the channels go where the channels go.
  const quantization = axis === undefined ? {} : { quantization: { ...value.quantization!, axis: perm.indexOf(axis) } };
  return editor.addValue({
    ...rest,
    ...quantization,
    name: `${value.name}${suffix}`,
    shape: permuteShape(value.shape, perm),
    ...(source === undefined ? {} : { source }),
  });
}

export function transposeNode(editor: GraphEditor, input: string, output: string, perm: Permutation): Node {
  const name = editor.freshName(`${output}_transpose`);
  return { name, op: 'Transpose', domain: '', inputs: [input], outputs: [output], attributes: { perm: [...perm] } };
}
