/**
 * Where the image is a float input that is quantized at once, the front end writes the quantized one: its table of 256 elements does
 * what QuantizeLinear would do for every element of every frame, and the input takes a byte an element instead of four.
 */
import { GraphEditor } from '../ir/builders.js';
import { consumers, type Graph, valueOf } from '../ir/graph.js';
import { imageInput } from './plan.js';
import type { ImageSpec } from './schema.js';

export interface QuantizedInput {
  readonly graph: Graph;
  /** With the normalisation that a float input has by default, where the input was one. */
  readonly spec: ImageSpec;
}

/** @param graph canonical. The input keeps its name. @throws CompileError NC0752 when no input of the graph fits */
export function quantizedInput(graph: Graph, spec: ImageSpec): QuantizedInput {
  const input = imageInput(graph, spec);
  const [reader, ...others] = consumers(graph).get(input.name) ?? [];
  const isOutput = (name: string) => graph.outputs.includes(name);
  if (reader?.op !== 'QuantizeLinear' || others.length > 0 || isOutput(input.name)) return { graph, spec };
  const quantized = valueOf(graph, reader.outputs[0]!);
  const { dtype, quantization } = quantized;
  const fits = (dtype === 'int8' || dtype === 'uint8') && quantization?.scale.length === 1;
  if (input.dtype !== 'float32' || !fits || isOutput(quantized.name)) return { graph, spec };
  const editor = new GraphEditor(graph);
  editor.removeNode(reader);
  editor.replaceUses(quantized.name, input.name);
  editor.setValue({ name: input.name, dtype, shape: input.shape, quantization });
  return { graph: editor.finish(), spec: { ...spec, mean: spec.mean ?? 0, std: spec.std ?? 1 } };
}
