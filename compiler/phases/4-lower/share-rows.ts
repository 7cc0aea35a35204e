/**
 * Tables that are the weights of a product as well (tied embeddings) are stored once: GatherBlockQuantized reads its rows where the product's
 * kernel has them. Whether they are the same numbers is seen from the numbers.
 */
import { type Graph, type Node, valueOf } from '../../ir/graph.js';
import type { KernelCall } from '../../ir/kernel-call.js';
import { elementCount, type TensorData } from '../../ir/tensor.js';
import { elementBytes } from '../../ops/shared/views.js';

/** Calls of GatherBlockQuantized take the packed weights of another call where these hold the same rows. */
export function shareRows(calls: readonly KernelCall[], graph: Graph): KernelCall[] {
  const packed = calls.filter(({ packedRows }) => packedRows !== undefined);
  return calls.map((call) => {
    if (call.node.op !== 'GatherBlockQuantized') return call;
    const product = packed.find(({ node }) => holdsRows(graph, node, call.node));
    return product === undefined ? call : readingFrom(call, product, graph);
  });
}

/** Whether the weights of a MatMul or MatMulNBits are the table's, in the same steps where the product's kernel has these too. */
function holdsRows(graph: Graph, product: Node, gather: Node): boolean {
  if (product.op === 'MatMulNBits') return holdsBlocks(graph, product, gather);
  return product.op === 'MatMul' && holdsBytes(graph, product, gather);
}

function dataOf(graph: Graph, node: Node, index: number): TensorData | undefined {
  const name = node.inputs[index];
  return name === undefined || name === '' ? undefined : valueOf(graph, name).constant?.data;
}

function holdsBlocks(graph: Graph, product: Node, gather: Node): boolean {
  const inner = valueOf(graph, gather.outputs[0]!).shape.at(-1)!;
  const { bits = 4, block_size = 128 } = gather.attributes;
  const { bits: ownBits = 4, block_size: ownBlock, K } = product.attributes;
  return (
    [bits, block_size, inner].every((size, i) => Number(size) === Number([ownBits, ownBlock, K][i])) &&
    [
      [0, 1],
      [2, 2],
      [3, 3],
    ].every(([g, p]) => isSame(dataOf(graph, gather, g!), dataOf(graph, product, p!)))
  );
}

function isSame(a: TensorData | undefined, b: TensorData | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((x: number | bigint, i: number) => x === b[i]);
}

/** Int8 weights [inner, rows] without zero points, and rows of bytes, each a block. */
function holdsBytes(graph: Graph, product: Node, gather: Node): boolean {
  const [rows, inner] = valueOf(graph, gather.inputs[0]!).shape as [number, number];
  const { bits, block_size } = gather.attributes;
  const weights = dataOf(graph, product, 1);
  const table = dataOf(graph, gather, 0) as Int8Array | Uint8Array;
  const zeros = dataOf(graph, gather, 3);
  if (Number(bits) !== 8 || Number(block_size) !== inner || weights === undefined) return false;
  const { shape } = valueOf(graph, product.inputs[1]!);
  if (shape.length !== 2 || shape[0] !== inner || shape[1] !== rows) return false;
  const zeroOf = (row: number) => (zeros === undefined ? (table instanceof Int8Array ? 0 : 128) : Number(zeros[row]));
  return table.every(
    (field: number, i: number) =>
      field - zeroOf(Math.floor(i / inner)) === Number(weights[(i % inner) * rows + Math.floor(i / inner)]),
  );
}

function readingFrom(call: KernelCall, product: KernelCall, graph: Graph): KernelCall {
  const { name, struct, fields } = product.packedRows!;
  const [table, indices] = [0, 1].map((index) => valueOf(graph, call.node.inputs[index]!));
  const y = valueOf(graph, call.node.outputs[0]!);
  return {
    ...call,
    function: name,
    header: 'nanoc/gather_packed.h',
    sources: [`portable/${name}.c`],
    arguments: [
      ...call.arguments.filter(({ kind }) => kind !== 'params'),
      {
        kind: 'params',
        struct,
        fields: {
          table: {
            fields: {
              rows: { int: table!.shape[0]! },
              inner: { int: y.shape.at(-1)! },
              indices: { int: elementCount(indices!.shape) },
              index_bytes: { int: elementBytes(indices!) },
            },
          },
          ...fields,
          ...(product.node.op === 'MatMulNBits'
            ? {}
            : { scales: { constant: { suffix: 'scales', data: dataOf(graph, call.node, 2)!, role: 'scale' } } }),
        },
      },
    ],
    remarks: [...(call.remarks ?? []), `rows are read from the weights of "${product.node.name}", which are the same`],
  };
}
