/** A call in words, for the comment above it: what it is, shapes, and the attributes that matter. */
import { type Graph, type Node, valueOf } from '../../ir/graph.js';
import { integerRange } from '../../ir/tensor.js';

/** `1x24x24x16`; a scalar is `1`. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? '1' : shape.join('x');
}

/** `"/conv2/Conv_quant" Conv, 1x24x24x16 -> 1x12x12x32, kernel 3x3, stride 2, pad 1, per-channel`. */
export function describeNode(graph: Graph, node: Node): string {
  const parts = [`"${node.name}" ${node.op}`, shapesText(graph, node), ...detailsOf(graph, node)];
  return parts.join(', ');
}

/** Shapes of the inputs that are computed at run time, then of the outputs. */
export function shapesText(graph: Graph, node: Node): string {
  const shapes = (names: readonly string[], computedOnly: boolean): string =>
    names
      .filter((name) => name !== '' && !(computedOnly && valueOf(graph, name).constant !== undefined))
      .map((name) => shapeText(valueOf(graph, name).shape))
      .join(', ');
  const inputs = shapes(node.inputs, true);
  return `${inputs === '' ? 'constant' : inputs} -> ${shapes(node.outputs, false)}`;
}

/** Attributes that differ from what one would assume, in the order in which an engineer asks for them. */
export function detailsOf(graph: Graph, node: Node): string[] {
  const ints = (name: string): readonly number[] | undefined => {
    const value = node.attributes[name];
    return Array.isArray(value) && value.every((x) => typeof x === 'number') ? (value as number[]) : undefined;
  };
  const details: string[] = [];
  const add = (label: string, list: readonly number[] | undefined, usual: number) => {
    if (list?.some((x) => x !== usual)) details.push(`${label} ${compact(list)}`);
  };
  const kernel = ints('kernel_shape');
  if (kernel !== undefined) details.push(`kernel ${kernel.join('x')}`);
  add('stride', ints('strides'), 1);
  add('dilation', ints('dilations'), 1);
  add('pad', ints('pads'), 0);
  const group = node.attributes.group;
  if (typeof group === 'number' && group > 1) details.push(`${group} groups`);
  const axis = node.attributes.axis;
  if (typeof axis === 'number') details.push(`axis ${axis}`);
  const perChannel = node.inputs.some((name) => (graph.values.get(name)?.quantization?.scale.length ?? 0) > 1);
  if (perChannel) details.push('per-channel');
  const clamp = ints('clamp');
  if (clamp !== undefined && clamp.join() !== fullRange(graph, node)) details.push(`clamp ${clamp.join(' to ')}`);
  return details;
}

/** Bounds that clamp nothing: all that the type of the output holds. */
function fullRange(graph: Graph, node: Node): string {
  const dtype = graph.values.get(node.outputs[0] ?? '')?.dtype;
  const isQuantized = dtype === 'int8' || dtype === 'uint8' || dtype === 'int16' || dtype === 'uint16';
  return isQuantized ? integerRange(dtype).join() : '';
}

/** `2` where all are 2, else `2,1`. */
function compact(list: readonly number[]): string {
  return list.every((x) => x === list[0]) ? String(list[0]) : list.join(',');
}
