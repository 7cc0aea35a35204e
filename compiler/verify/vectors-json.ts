/** Vectors as JSON: `{"x": [[1, 2], [3, 4]]}`, an array of such objects, or the nested numbers of the only input. */
import { z } from 'zod';
import type { Value } from '../ir/graph.js';
import type { Tensor } from '../ir/tensor.js';

type Nested = number | boolean | readonly Nested[];

const nested: z.ZodType<Nested> = z.lazy(() => z.union([z.number(), z.boolean(), z.array(nested)]));
const arrays = z.record(z.string(), nested);
const vectorFile = z.union([z.array(arrays).min(1), arrays, nested]);

/**
 * Arrays by name; several vectors are stacked along a leading dimension.
 * @throws Error, in words for the user
 */
export function parseJsonVectors(text: string, inputs: readonly Value[]): Map<string, Tensor> {
  const parsed = vectorFile.safeParse(JSON.parse(text));
  if (!parsed.success)
    throw new Error('expected arrays of numbers by input name, a list of such objects, or plain numbers');
  const file = parsed.data;
  if (Array.isArray(file) && file.some((each) => typeof each === 'object' && !Array.isArray(each))) {
    return stack(file as readonly Record<string, Nested>[]);
  }
  if (typeof file === 'object' && !Array.isArray(file)) {
    return new Map(
      Object.entries(file as Record<string, Nested>).map(([name, value]) => [name, tensorOf(value, name)]),
    );
  }
  if (inputs.length !== 1)
    throw new Error(`the model has ${inputs.length} inputs: give an object with an array for each`);
  return new Map([[inputs[0]!.name, tensorOf(file as Nested, inputs[0]!.name)]]);
}

function stack(vectors: readonly Record<string, Nested>[]): Map<string, Tensor> {
  const names = Object.keys(vectors[0]!);
  return new Map(
    names.map((name): [string, Tensor] => {
      const values = vectors.map((vector, index) => {
        const value = vector[name];
        if (value === undefined) throw new Error(`vector ${index} has no array "${name}"`);
        return value;
      });
      const other = vectors.findIndex((vector) => Object.keys(vector).length !== names.length);
      if (other >= 0) throw new Error(`vector ${other} has other arrays than vector 0`);
      return [name, tensorOf(values, name)];
    }),
  );
}

/** Numbers of any nesting; all lists of one depth must be equally long. */
function tensorOf(value: Nested, name: string): Tensor {
  const shape: number[] = [];
  for (let level: Nested | undefined = value; Array.isArray(level); level = level[0]) shape.push(level.length);
  const numbers: number[] = [];
  const visit = (part: Nested, depth: number): void => {
    if (!Array.isArray(part)) {
      if (depth !== shape.length) throw new Error(`"${name}": lists of unequal depth`);
      numbers.push(Number(part));
      return;
    }
    if (part.length !== shape[depth]) throw new Error(`"${name}": lists of unequal length`);
    for (const each of part) visit(each, depth + 1);
  };
  visit(value, 0);
  return { dtype: 'float64', shape, data: Float64Array.from(numbers) };
}
