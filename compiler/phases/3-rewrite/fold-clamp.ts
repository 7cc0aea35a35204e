/** A Relu or Clip on bytes whose input and output have the same scale, or a table that is one, is a clamp of the operator before it. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, Value } from '../../ir/graph.js';
import { integerRange, type Tensor } from '../../ir/tensor.js';
import { quantize } from '../../numerics/requantize.js';
import type { Pass } from './pass.js';
import { isPerTensor, isTakenBy, sameQuantization } from './quantization.js';

/** Operators whose kernels and reference honour the attribute `clamp`. */
export const CLAMPING = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Add', 'Sub', 'Mul']);

export const foldClamp: Pass = {
  name: 'fold-clamp',
  run(editor) {
    for (const node of editor.nodes) if (editor.has(node)) fold(editor, node);
  },
};

function fold(editor: GraphEditor, node: Node): void {
  if (!isActivation(node)) return;
  const input = editor.value(node.inputs[0]!);
  const output = editor.value(node.outputs[0]!);
  if (!isTakenBy(node, output) || !isPerTensor(output) || input.dtype !== output.dtype) return;
  if (!sameQuantization(input.quantization, output.quantization)) return;
  const bounds = activationBounds(editor, node, output);
  if (bounds === undefined) return;
  const producer = editor.producer(input.name);
  if (producer?.domain !== '' || !CLAMPING.has(producer.op)) return;
  if (editor.consumers(input.name).length !== 1 || editor.isGraphOutput(input.name)) return;
  const [low, high] = (producer.attributes.clamp as readonly [number, number] | undefined) ?? bounds;
  const clamp = [Math.max(low, bounds[0]), Math.max(Math.max(low, bounds[0]), Math.min(high, bounds[1]))];
  editor.removeNode(node);
  editor.replaceNode(producer, {
    ...producer,
    outputs: [output.name],
    attributes: { ...producer.attributes, clamp },
    origins: [...(producer.origins ?? [producer.name]), node.name],
  });
}

function isActivation({ domain, op }: Node): boolean {
  return domain === '' ? op === 'Relu' || op === 'Clip' : domain === 'ai.nanoc' && op === 'Table';
}

/** The bounds in quantized units; undefined when they are not constants, or a table is no clamp. Exact, since quantization is monotone. */
function activationBounds(editor: GraphEditor, node: Node, value: Value): [number, number] | undefined {
  if (node.op === 'Table') return clampOfTable(node.attributes.table as Tensor);
  const [lowest, highest] = integerRange(value.dtype as 'int8');
  const { scale, zeroPoint } = value.quantization!;
  const toQuantized = (x: number) => quantize(x, scale[0]!, zeroPoint[0]!, lowest, highest);
  if (node.op === 'Relu') return [toQuantized(0), highest];
  const bound = (index: number, attribute: string, fallback: number): number | undefined => {
    const name = node.inputs[index];
    if (name === undefined || name === '') {
      const given = node.attributes[attribute];
      return given === undefined ? fallback : toQuantized(Number(given));
    }
    const constant = editor.value(name).constant;
    return constant === undefined ? undefined : toQuantized(Number(constant.data[0]));
  };
  const low = bound(1, 'min', lowest);
  const high = bound(2, 'max', highest);
  return low === undefined || high === undefined ? undefined : [low, Math.max(low, high)];
}

/** The bounds of a table, indexed by the byte as uint8, that does nothing else than clamp. */
function clampOfTable({ dtype, data }: Tensor): [number, number] | undefined {
  const results = [...(data as Int8Array)];
  const [low, high] = [Math.min(...results), Math.max(...results)];
  const clamps = results.every((y, i) => {
    const x = dtype === 'int8' ? (i << 24) >> 24 : i;
    return y === Math.min(Math.max(x, low), high);
  });
  return clamps ? [low, high] : undefined;
}
