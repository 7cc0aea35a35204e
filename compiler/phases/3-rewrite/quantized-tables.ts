/** Quantized rows that stand for a float table: made of it, or those of the output weights that an exporter has quantized already. */
import { type Graph, type Node, valueOf } from '../../ir/graph.js';
import { elementCount, type Tensor } from '../../ir/tensor.js';
import { quantize } from '../../numerics/requantize.js';
import { type BlockRows, dequantizeRow } from '../../ops/shared/nbits.js';

/** What the fields can hold on each side of 0. */
const LARGEST = 127;

/** int8 with the scale max|x| / 127 of each row, half to even, as ONNX Runtime's quantizers make symmetric weights. */
export function int8Rows(table: Tensor): BlockRows {
  const [rows, inner] = table.shape as [number, number];
  const data = table.data as Float32Array;
  const scales = Float32Array.from({ length: rows }, (_, row) => {
    const largest = data.subarray(row * inner, (row + 1) * inner).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    return largest / LARGEST;
  });
  const weights = Int8Array.from(data, (x, i) => {
    const scale = scales[Math.floor(i / inner)]!;
    return scale === 0 ? 0 : quantize(x, scale, 0, -LARGEST, LARGEST);
  });
  return { rows, inner, bits: 8, block: inner, weights, scales };
}

/** The whole table in float32. */
export function dequantizeTable(quantized: BlockRows): Tensor {
  const { rows, inner } = quantized;
  const data = new Float32Array(rows * inner);
  for (let row = 0; row < rows; row += 1) data.set(dequantizeRow(quantized, row), row * inner);
  return { dtype: 'float32', shape: [rows, inner], data };
}

export interface TiedRows {
  /** The constant with the weights. */
  readonly name: string;
  readonly table: BlockRows;
}

/** Weights of the graph that are this table, quantized: none of their elements is further from it than one step. */
export function tiedRows(graph: Graph, table: Tensor): TiedRows | undefined {
  const [rows, inner] = table.shape as [number, number];
  for (const node of graph.nodes) {
    const found = weightsOf(graph, node, rows, inner).find((each) => isNear(each, table));
    if (found !== undefined) return { name: node.inputs[node.op === 'MatMulNBits' ? 1 : 0]!, table: found };
  }
  return undefined;
}

/** Weights of a node as rows of `inner` elements, in each order in which they may lie. */
function weightsOf(graph: Graph, node: Node, rows: number, inner: number): BlockRows[] {
  if (node.op === 'MatMulNBits') return nbitsRows(graph, node, rows, inner);
  return node.op === 'DequantizeLinear' ? byteRows(graph, node, rows, inner) : [];
}

function constantAt(graph: Graph, node: Node, index: number): Tensor | undefined {
  const name = node.inputs[index];
  return name === undefined || name === '' ? undefined : valueOf(graph, name).constant;
}

function nbitsRows(graph: Graph, node: Node, rows: number, inner: number): BlockRows[] {
  const { K, N, bits = 4, block_size: block } = node.attributes;
  const [weights, scales, zeros] = [1, 2, 3].map((index) => constantAt(graph, node, index)?.data);
  if (Number(N) !== rows || Number(K) !== inner || weights === undefined || scales === undefined) return [];
  return [
    {
      ...{ rows, inner, bits: Number(bits), block: Number(block) },
      ...{ weights: weights as Uint8Array, scales: scales as Float32Array },
      ...(zeros === undefined ? {} : { zeros: zeros as Uint8Array }),
    },
  ];
}

/** [rows, inner] as it lies, or [inner, rows] turned; one scale for each row, or one for all. */
function byteRows(graph: Graph, node: Node, rows: number, inner: number): BlockRows[] {
  const [x, scale, zero] = [0, 1, 2].map((index) => constantAt(graph, node, index));
  if (x === undefined || scale === undefined || (x.dtype !== 'int8' && x.dtype !== 'uint8')) return [];
  if (x.shape.length !== 2 || elementCount(x.shape) !== rows * inner) return [];
  const axis = (Number(node.attributes.axis ?? 1) + 2) % 2;
  const perRow = scale.data.length > 1;
  return [0, 1].flatMap((rowAxis) => {
    if (x.shape[rowAxis] !== rows || (perRow && (axis !== rowAxis || scale.data.length !== rows))) return [];
    const from = x.data as Int8Array;
    const at = (i: number) => (rowAxis === 0 ? i : (i % inner) * rows + Math.floor(i / inner));
    const weights = from.map((_, i) => from[at(i)]!);
    const scales = Float32Array.from({ length: rows }, (_, row) => Number(scale.data[perRow ? row : 0]));
    const given = zero === undefined ? new Int8Array(1) : (zero.data as Int8Array);
    const zeros = new (from.constructor as Int8ArrayConstructor)(rows).map((_, row) => given[perRow ? row : 0] ?? 0);
    const plain = x.dtype === 'int8' && zeros.every((each) => each === 0);
    return [{ rows, inner, bits: 8, block: inner, weights, scales, ...(plain ? {} : { zeros }) }];
  });
}

/** Fields at an end of their range may be a whole step away. */
function isNear(quantized: BlockRows, table: Tensor): boolean {
  const { rows, inner, block, scales } = quantized;
  const blocks = Math.ceil(inner / block);
  const data = table.data as Float32Array;
  for (let row = 0; row < rows; row += 1) {
    const values = dequantizeRow(quantized, row);
    const far = values.some((value, k) => {
      const step = Math.abs(scales[row * blocks + Math.floor(k / block)]!);
      return !(Math.abs(value - data[row * inner + k]!) <= step);
    });
    if (far) return false;
  }
  return true;
}
