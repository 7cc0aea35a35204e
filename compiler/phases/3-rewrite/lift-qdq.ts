/**
 * DequantizeLinear -> operator -> QuantizeLinear becomes the operator on quantized values: int32 sums and one
 * requantization, as ONNX Runtime does (docs/NUMERICS.md). What cannot be lifted stays a float island.
 */
import type { Diagnostics } from '../../diagnostics/diagnostic.js';
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, Value } from '../../ir/graph.js';
import { behaviourOf } from '../../ops/index.js';
import { integerBias } from './integer-bias.js';
import type { Pass } from './pass.js';
import {
  byteActivation,
  dequantizedFrom,
  integerActivation,
  isByte,
  isDequantize,
  isHalfword,
  isPerTensor,
  isQuantize,
  sameQuantization,
  soleQuantize,
} from './quantization.js';

export const liftQdq: Pass = {
  name: 'lift-qdq',
  run(editor, diagnostics) {
    for (const node of editor.nodes) {
      if (!editor.has(node)) continue;
      if (isQuantize(node)) requantize(editor, node);
      else lift(editor, node, diagnostics);
    }
  },
};

/** Q(DQ(x)): nothing when the parameters are equal, else one Requantize. */
function requantize(editor: GraphEditor, node: Node): void {
  const input = dequantizedFrom(editor, node.inputs[0]!);
  const output = editor.value(node.outputs[0]!);
  if (input === undefined || !isPerTensor(input) || !isPerTensor(output)) return;
  const same = input.dtype === output.dtype && sameQuantization(input.quantization, output.quantization);
  // Only bytes have a table.
  if (!same && !(isByte(input) && isByte(output))) return;
  editor.replaceNode(node, {
    ...node,
    op: same ? 'Reshape' : 'Requantize',
    domain: same ? '' : 'ai.nanoc',
    inputs: [input.name],
  });
}

function lift(editor: GraphEditor, node: Node, diagnostics: Diagnostics): void {
  const behaviour = behaviourOf(node);
  if ((behaviour !== 'integer' && behaviour !== 'table') || isDequantize(node) || node.outputs.length !== 1) return;
  if (editor.value(node.outputs[0]!).dtype !== 'float32') return;
  const inputs = behaviour === 'table' ? tableInputs(editor, node) : integerInputs(editor, node);
  if (inputs === undefined) return;
  const quantizeNode = soleQuantize(editor, node);
  if (quantizeNode === undefined) return;
  const output = editor.value(quantizeNode.outputs[0]!);
  if (inputs.some((name) => isHalfword(editor.value(name))) !== isHalfword(output)) return;
  const final =
    node.op === 'Concat'
      ? requantizedInputs(editor, node, inputs, output)
      : withBias(editor, node, inputs, diagnostics);
  if (final === undefined) return;
  editor.removeNode(quantizeNode);
  editor.replaceNode(node, {
    ...node,
    inputs: final,
    outputs: [output.name],
    origins: [...(node.origins ?? [node.name]), quantizeNode.name],
  });
}

/** A table operator has one data input; the others (Clip's bounds) are constants. */
function tableInputs(editor: GraphEditor, node: Node): string[] | undefined {
  const x = byteActivation(editor, node.inputs[0]!);
  if (x === undefined) return undefined;
  const rest = node.inputs.slice(1);
  if (rest.some((name) => name !== '' && editor.value(name).constant === undefined)) return undefined;
  return [x.name, ...rest];
}

/** Integer names for the data inputs; weights may be per-channel. The bias is looked at later. */
function integerInputs(editor: GraphEditor, node: Node): string[] | undefined {
  const convolution = node.op === 'Conv' || node.op === 'ConvTranspose';
  const data =
    convolution || node.op === 'MatMul' || node.op === 'Concat'
      ? node.inputs
      : node.inputs.slice(0, operandCount(node));
  const names: string[] = [];
  for (const [index, name] of data.entries()) {
    if (index === 2 && (convolution || node.op === 'MatMul')) continue;
    const weights =
      index === 1 && (convolution || node.op === 'MatMul') ? quantizedWeights(editor, node, name) : undefined;
    const value = weights ?? integerActivation(editor, node, name);
    if (value === undefined || (convolution && index === 1 && value.constant === undefined)) return undefined;
    names.push(value.name);
  }
  const activations = names
    .filter((name) => editor.value(name).constant === undefined)
    .map((name) => editor.value(name));
  // All of one width: there are no kernels for bytes times halfwords that are computed.
  if (activations.some(isHalfword) && activations.some(isByte)) return undefined;
  return [...names, ...node.inputs.slice(data.length)];
}

function operandCount(node: Node): number {
  return node.op === 'Add' || node.op === 'Sub' || node.op === 'Mul' || node.op === 'Div' ? 2 : 1;
}

/** Constant byte weights, per-tensor or along the output channels. */
function quantizedWeights(editor: GraphEditor, node: Node, name: string): Value | undefined {
  const value = dequantizedFrom(editor, name);
  if (value?.constant === undefined || !isByte(value)) return undefined;
  if (isPerTensor(value)) return value;
  const channelAxis = node.op === 'Conv' ? 0 : node.op === 'ConvTranspose' ? 1 : value.shape.length - 1;
  if (node.op === 'ConvTranspose' && Number(node.attributes.group ?? 1) !== 1) return undefined;
  return value.quantization!.axis === channelAxis ? value : undefined;
}

function withBias(editor: GraphEditor, node: Node, inputs: string[], diagnostics: Diagnostics): string[] | undefined {
  const bias = node.inputs[2];
  const hasBias = node.op === 'Conv' || node.op === 'ConvTranspose' || node.op === 'MatMul';
  if (!hasBias || bias === undefined || bias === '') return inputs;
  const name = integerBias(editor, node, bias, editor.value(inputs[0]!), editor.value(inputs[1]!), diagnostics);
  return name === undefined ? undefined : [inputs[0]!, inputs[1]!, name];
}

/** Concat needs one scale: inputs of another pass a Requantize. */
function requantizedInputs(editor: GraphEditor, node: Node, inputs: string[], output: Value): string[] | undefined {
  const isSame = (name: string) => {
    const value = editor.value(name);
    return value.dtype === output.dtype && sameQuantization(value.quantization, output.quantization);
  };
  if (isHalfword(output) && !inputs.every(isSame)) return undefined;
  return inputs.map((name) => {
    const value = editor.value(name);
    if (isSame(name)) return name;
    const result = editor.addValue({
      name: `${name}_requantized`,
      dtype: output.dtype,
      shape: value.shape,
      quantization: output.quantization!,
    });
    const requantizeNode = { op: 'Requantize', domain: 'ai.nanoc', inputs: [name], outputs: [result], attributes: {} };
    editor.addNode({ ...requantizeNode, name: `${node.name}_requantize` });
    return result;
  });
}
