/** Equal constants are one value, equal nodes one node: tied weights are stored once, duplicated movement is done once. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, Quantization } from '../../ir/graph.js';
import { type Guard, guardsOf, isWithin } from '../../ir/guards.js';
import { bytesOf, type Tensor } from '../../ir/tensor.js';
import type { Pass } from './pass.js';

export const mergeEqual: Pass = {
  name: 'merge-equal',
  run(editor) {
    mergeConstants(editor);
    mergeNodes(editor);
  },
};

function mergeConstants(editor: GraphEditor): void {
  const first = new Map<string, string[]>();
  for (const value of [...editor.values.values()]) {
    if (value.constant === undefined || editor.isGraphOutput(value.name)) continue;
    const key = `${value.dtype} ${value.shape} ${quantizationKey(value.quantization)} ${value.constant.data.length}`;
    const candidates = first.get(key) ?? [];
    const same = candidates.find((name) => sameBytes(editor.value(name).constant!, value.constant!));
    if (same !== undefined) editor.replaceUses(value.name, same);
    else first.set(key, [...candidates, value.name]);
  }
}

function mergeNodes(editor: GraphEditor): void {
  const first = new Map<string, Node[]>();
  const graph = editor.finish();
  const guards = guardsOf(graph);
  const guardsOfName = new Map<string, readonly Guard[]>();
  for (const node of graph.nodes) for (const name of node.outputs) guardsOfName.set(name, guards.get(node)!);
  for (const listed of graph.nodes) {
    const node = editor.producer(listed.outputs[0]!);
    if (node === undefined || node.outputs.some((name) => editor.isGraphOutput(name))) continue;
    const attributes = Object.entries(node.attributes).sort(([a], [b]) => (a < b ? -1 : 1));
    const outputs = node.outputs.map((name) => {
      const value = editor.value(name);
      return `${value.dtype} ${value.shape} ${quantizationKey(value.quantization)}`;
    });
    const key = JSON.stringify([
      node.op,
      node.domain,
      node.inputs,
      attributes.map(([k, v]) => [k, attributeKey(v)]),
      outputs,
    ]);
    const own = guardsOfName.get(node.outputs[0]!) ?? [];
    const same = first.get(key)?.find(({ outputs }) => isOneBranch(own, guardsOfName.get(outputs[0]!) ?? []));
    if (same === undefined) {
      first.set(key, [...(first.get(key) ?? []), node]);
      continue;
    }
    node.outputs.forEach((name, index) => {
      editor.replaceUses(name, same.outputs[index]!);
    });
    editor.removeNode(node);
  }
}

/** One for both would run where neither is needed, if they were in two branches. */
function isOneBranch(a: readonly Guard[], b: readonly Guard[]): boolean {
  return isWithin(a, b) || isWithin(b, a);
}

function attributeKey(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'data' in value
    ? Array.from((value as Tensor).data, Number)
    : value;
}

function quantizationKey(quantization: Quantization | undefined): string {
  return quantization === undefined ? '' : `${quantization.scale}/${quantization.zeroPoint}/${quantization.axis}`;
}

function sameBytes(a: Tensor, b: Tensor): boolean {
  const [left, right] = [bytesOf(a.data), bytesOf(b.data)];
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}
