/** MatMul -> Add(constant) is a MatMul with a bias; Conv -> Add(constant per channel) is a Conv with a bias. */
import type { GraphEditor } from '../../ir/builders.js';
import type { Node } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import type { Pass } from './pass.js';
import { dequantizedFrom, isPerTensor } from './quantization.js';

export const fuseBias: Pass = {
  name: 'fuse-bias',
  run(editor) {
    for (const node of editor.nodes) {
      if (node.op !== 'Add' || node.domain !== '' || !editor.has(node)) continue;
      const [a, b] = node.inputs as [string, string];
      if (!fuse(editor, node, a, b)) fuse(editor, node, b, a);
    }
  },
};

function fuse(editor: GraphEditor, add: Node, product: string, bias: string): boolean {
  const producer = editor.producer(product);
  if (producer?.domain !== '' || producer.inputs[2]) return false;
  const isMatMul = producer.op === 'MatMul';
  if (!isMatMul && producer.op !== 'Conv' && producer.op !== 'ConvTranspose') return false;
  if (editor.consumers(product).length !== 1 || editor.isGraphOutput(product)) return false;
  const value = editor.value(product);
  const output = editor.value(add.outputs[0]!);
  if (value.dtype !== 'float32' || value.shape.join() !== output.shape.join()) return false;
  const channels = isMatMul ? value.shape.at(-1)! : value.shape[1]!;
  const vector = asVector(editor, bias, channels, isMatMul ? 1 : value.shape.length - 1);
  if (vector === undefined) return false;
  editor.replaceNode(producer, {
    ...producer,
    inputs: [producer.inputs[0]!, producer.inputs[1]!, vector],
    outputs: add.outputs,
  });
  editor.removeNode(add);
  return true;
}

/** The name of a [channels] form of a constant or dequantized constant that broadcasts along one axis, `fromEnd` places from the end. */
export function asVector(editor: GraphEditor, name: string, channels: number, fromEnd: number): string | undefined {
  const value = editor.value(name);
  const shape = value.shape;
  if (elementCount(shape) !== channels || (channels > 1 && shape[shape.length - fromEnd] !== channels))
    return undefined;
  const integer = dequantizedFrom(editor, name);
  const constant = value.constant ?? integer?.constant;
  if (constant === undefined) return undefined;
  if (shape.length === 1) return name;
  const flat = { ...constant, shape: [channels] };
  if (value.constant !== undefined) return editor.addConstant(`${name}__vector`, flat);
  const quantization = integer!.quantization!;
  const flatInteger = editor.addConstant(`${integer!.name}__vector`, flat, {
    quantization: isPerTensor(integer!) ? quantization : { ...quantization, axis: 0 },
  });
  const output = editor.addValue({ name: `${name}__vector`, dtype: 'float32', shape: [channels] });
  editor.addNode({
    name: output,
    op: 'DequantizeLinear',
    domain: '',
    inputs: [flatInteger],
    outputs: [output],
    attributes: {},
  });
  return output;
}
