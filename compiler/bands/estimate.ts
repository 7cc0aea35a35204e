/**
 * What a split region would need, without lowering it: its bands as calls like the ones that they come from. Lowering decides in
 * the end (fit.ts); this says which splits are worth it.
 */
import { type Graph, type Node, valueOf } from '../ir/graph.js';
import type { Argument, KernelCall, Overlap, Program, View } from '../ir/kernel-call.js';
import { byteLength, bytesPerElement, elementCount } from '../ir/tensor.js';
import { operatorOf } from '../ops/index.js';
import { viewNode } from '../ops/node-view.js';
import { windowLead } from '../ops/shared/overlap.js';
import { windowOf } from '../ops/shared/window.js';
import { loadsOf, type StepLoad } from './loads.js';
import type { Split } from './split.js';

/** The program of a split graph, as far as the calls of the whole one tell. */
export function sketchProgram(base: Program, { graph, origin }: Split): Program {
  const callOf = new Map(base.calls.map((call) => [call.node.name, call]));
  const views = new Map<string, View[]>();
  for (const view of base.views) views.set(view.node.name, [...(views.get(view.node.name) ?? []), view]);
  const known = (node: Node): boolean => callOf.has(node.name) || views.has(node.name);
  const calls = graph.nodes.flatMap((node): KernelCall[] => {
    const whole = callOf.get(origin.get(node.name)?.name ?? node.name);
    if (whole !== undefined) return [origin.has(node.name) ? bandCall(graph, node, whole) : whole];
    return node.attributes.apart === true ? [copyCall(node)] : [];
  });
  const added = graph.nodes.flatMap((node) =>
    known(node) || origin.has(node.name) ? (views.get(node.name) ?? []) : viewsOf(graph, node),
  );
  return { graph, calls, views: added };
}

function argument(value: string, access: 'read' | 'write'): Argument {
  return { kind: 'value', value, access };
}

function bandCall(graph: Graph, node: Node, whole: KernelCall): KernelCall {
  const renamed = new Map(whole.node.inputs.map((name, index) => [name, node.inputs[index]!]));
  renamed.set(whole.node.outputs[0]!, node.outputs[0]!);
  const nameOf = (name: string) => renamed.get(name) ?? name;
  return {
    ...whole,
    node,
    arguments: whole.arguments.map((each) => (each.kind === 'value' ? { ...each, value: nameOf(each.value) } : each)),
    overlaps: whole.overlaps.map((overlap) => bandOverlap(graph, node, overlap, nameOf(overlap.input))),
  };
}

function bandOverlap(graph: Graph, node: Node, overlap: Overlap, input: string): Overlap {
  const [x, y] = [valueOf(graph, input), valueOf(graph, node.outputs[0]!)];
  const named = { ...overlap, input, output: y.name };
  if (node.attributes.layout !== 'NHWC') {
    const growth = Math.max(0, byteLength(y) - byteLength(x));
    return { ...named, lead: Math.min(overlap.lead, growth) };
  }
  const [batches, height, width, channels] = x.shape as [number, number, number, number];
  const kernel = node.op === 'Conv' ? valueOf(graph, node.inputs[1]!).shape.slice(2) : undefined;
  const window = windowOf(viewNode(graph, node, operatorOf(node)), [height, width], kernel);
  const element = bytesPerElement(x.dtype);
  const pixel = { inputPixel: channels * element, outputPixel: y.shape[3]! * bytesPerElement(y.dtype) };
  const lead = windowLead({ batches, height, width, ...pixel, window, order: 'buffered', together: 2 });
  return { ...named, lead };
}

/** A Slice that is copied. */
function copyCall(node: Node): KernelCall {
  const [input, output] = [node.inputs[0]!, node.outputs[0]!];
  return {
    node,
    family: 'portable',
    function: 'nanoc_strided_copy',
    header: 'nanoc/move.h',
    sources: [],
    arguments: [argument(input, 'read'), argument(output, 'write')],
    overlaps: [{ input, output, lead: 0 }],
    macs: 0,
  };
}

/** Slice and Concat along the first dimension that is not 1. */
function viewsOf(graph: Graph, node: Node): View[] {
  const bytesOf = (name: string): number => byteLength(valueOf(graph, name));
  if (node.op === 'Slice' && node.attributes.apart !== true) {
    const { shape, dtype } = valueOf(graph, node.inputs[0]!);
    const [axis] = node.attributes.axes as readonly [number];
    const [start] = node.attributes.starts as readonly [number];
    const byteOffset = start * elementCount(shape.slice(axis + 1)) * bytesPerElement(dtype);
    return [{ node, value: node.outputs[0]!, base: node.inputs[0]!, byteOffset }];
  }
  if (node.op !== 'Concat') return [];
  let end = 0;
  return node.inputs.map((value) => {
    const byteOffset = end;
    end += bytesOf(value);
    return { node, value, base: node.outputs[0]!, byteOffset };
  });
}

/** The largest live set while one of the chosen calls runs, and while any does, in the order of the program; in bytes, states included. */
export function peaksOf(program: Program, chosen: (node: Node) => boolean): { within: number; overall: number } {
  const { states, atStart, steps } = loadsOf(program);
  const largest = (list: readonly StepLoad[], least: number) =>
    list.reduce((peak, { during }) => Math.max(peak, during), least);
  return {
    within: largest(
      steps.filter(({ node }) => chosen(node)),
      states,
    ),
    overall: largest(steps, atStart),
  };
}
