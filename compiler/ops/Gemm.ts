import type { GraphEditor } from '../ir/builders.js';
import { allocate, elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';

const flag = (value: unknown): string | undefined =>
  value === 0 || value === 1 ? undefined : `must be 0 or 1, and is ${value}`;

export default defineOp({
  name: 'Gemm',
  domain: '',
  opsets: [1, 6, 7, 9, 11, 13],
  summary: 'becomes MatMul; alpha and beta 1, or constants that they can be folded into',
  inputs: [{ name: 'A' }, { name: 'B' }, { name: 'C', optional: true }],
  outputs: ['Y'],
  attributes: {
    alpha: { type: 'float', default: 1 },
    beta: { type: 'float', default: 1 },
    transA: { type: 'int', default: 0, check: flag },
    transB: { type: 'int', default: 0, check: flag },
    broadcast: { type: 'int', default: 0 },
  },
  quantized: 'float',
  infer(view) {
    const [a, b] = [view.required(0), view.required(1)];
    if (a.shape.length !== 2 || b.shape.length !== 2)
      view.bad(`[${a.shape}] times [${b.shape}]`, { expected: 'two matrices' });
    const [rows, inner] = view.int('transA') === 1 ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
    const [depth, columns] = view.int('transB') === 1 ? [b.shape[1]!, b.shape[0]!] : [b.shape[0]!, b.shape[1]!];
    if (inner !== depth) view.bad(`the inner dimensions are ${inner} and ${depth}`, { expected: 'equal ones' });
    return [{ dtype: a.dtype, shape: [rows, columns] }];
  },
  normalize: normalizeGemm,
});

function normalizeGemm(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const scaled = (name: string, factor: number, what: string): string => {
    if (factor === 1) return name;
    const { constant } = editor.value(name);
    if (constant === undefined)
      return view.bad(`${what} is ${factor} and its operand is not a float constant`, { expected: `${what} = 1` });
    const data = Float32Array.from(constant.data as Float32Array, (x) => Math.fround(x * Math.fround(factor)));
    return editor.addConstant(`${name}__scaled`, { ...constant, data });
  };
  const a = view.int('transA') === 1 ? transposed(editor, node.inputs[0]!) : node.inputs[0]!;
  const straight = view.int('transB') === 1 ? transposed(editor, node.inputs[1]!) : node.inputs[1]!;
  const b = scaled(straight, view.float('alpha'), 'alpha');
  const c = view.input(2);
  const output = view.output(0);
  if (c === undefined || view.float('beta') === 0) {
    editor.replaceNode(node, {
      name: node.name,
      op: 'MatMul',
      domain: '',
      inputs: [a, b],
      outputs: [output.name],
      attributes: {},
    });
    return;
  }
  const product = editor.addValue({ name: `${output.name}__product`, dtype: output.dtype, shape: output.shape });
  const bias = expandedBias(editor, scaled(c.name, view.float('beta'), 'beta'), output.shape[1]!);
  editor.replaceNode(
    node,
    { name: node.name, op: 'MatMul', domain: '', inputs: [a, b], outputs: [product], attributes: {} },
    {
      name: editor.freshName(`${node.name}_bias`),
      op: 'Add',
      domain: '',
      inputs: [product, bias],
      outputs: [output.name],
      attributes: {},
    },
  );
}

/** A constant is transposed here, with its DequantizeLinear if it has one; other values get a Transpose node. */
function transposed(editor: GraphEditor, name: string): string {
  const value = editor.value(name);
  const shape = [value.shape[1]!, value.shape[0]!];
  if (value.constant !== undefined) return editor.addConstant(`${name}__transposed`, transposeMatrix(value.constant));
  const producer = editor.producer(name);
  const integer = producer?.op === 'DequantizeLinear' ? editor.value(producer.inputs[0]!) : undefined;
  const output = editor.addValue({ name: `${name}__transposed`, dtype: value.dtype, shape });
  if (producer !== undefined && integer?.constant !== undefined) {
    const flipped = editor.addConstant(`${integer.name}__transposed`, transposeMatrix(integer.constant));
    const axis = Number(producer.attributes.axis ?? 1);
    const attributes = { ...producer.attributes, axis: 1 - (axis < 0 ? axis + 2 : axis) };
    editor.addNode({
      ...producer,
      name: `${producer.name}__transposed`,
      inputs: [flipped, ...producer.inputs.slice(1)],
      outputs: [output],
      attributes,
    });
    return output;
  }
  editor.addNode({
    name: editor.freshName(`${output}_transpose`),
    op: 'Transpose',
    domain: '',
    inputs: [name],
    outputs: [output],
    attributes: { perm: [1, 0] },
  });
  return output;
}

function transposeMatrix(tensor: Tensor): Tensor {
  const [rows, columns] = tensor.shape as [number, number];
  const data = allocate(tensor.dtype, tensor.data.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1)
      data[column * rows + row] = tensor.data[row * columns + column]!;
  }
  return { ...tensor, shape: [columns, rows], data };
}

/** A single constant as one number for each column, so that it can become a bias. */
function expandedBias(editor: GraphEditor, name: string, columns: number): string {
  const { constant } = editor.value(name);
  if (constant === undefined || elementCount(constant.shape) !== 1 || columns === 1) return name;
  const data = new Float32Array(columns).fill(Number(constant.data[0]));
  return editor.addConstant(`${name}__expanded`, { dtype: 'float32', shape: [columns], data });
}
