import type { Value } from '../ir/graph.js';
import { elementCount, type Tensor } from '../ir/tensor.js';
import { defineOp, type NodeView } from './define.js';
import { type Choice, checkExperts, type ExpertSizes, Experts, expertAttributes } from './shared/experts.js';
import { bitsAttribute, blockZeroPoints, fieldOf } from './shared/nbits.js';

/** Weights, scales, bias, zero points. */
const INPUTS = { fc1: [2, 3, 4, 11], fc2: [5, 6, 7, 12] } as const;
/** Each expert is a call. */
const MOST_EXPERTS = 64;

/**
 * com.microsoft.QMoE-1, one token: MoE with weights of 2, 4 or 8 bits, (field - zero point) * scale, in blocks of a row or with a scale for all of it.
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QMoE
 * Shares are a softmax over the k largest router_probs, as in ONNX Runtime, which takes the last of equals first. Each expert's product is a
 * MatMulNBits, of which a Merge chooses one: what is not chosen is not read.
 */
export default defineOp({
  name: 'QMoE',
  domain: 'com.microsoft',
  opsets: [1],
  summary:
    'float32, one token, constant weights of 2, 4 or 8 bits, block_size, zero points; relu, gelu, silu, interleaved swiglu, identity; no fc3, no router_weights',
  inputs: [
    { name: 'input' },
    { name: 'router_probs' },
    { name: 'fc1_experts_weights', mustBeConstant: true },
    { name: 'fc1_scales', mustBeConstant: true },
    { name: 'fc1_experts_bias', optional: true, mustBeConstant: true },
    { name: 'fc2_experts_weights', mustBeConstant: true },
    { name: 'fc2_scales', mustBeConstant: true },
    { name: 'fc2_experts_bias', optional: true, mustBeConstant: true },
    ...['fc3_experts_weights', 'fc3_scales', 'fc3_experts_bias'].map((name) => ({ name, optional: true })),
    { name: 'fc1_zero_points', optional: true, mustBeConstant: true },
    { name: 'fc2_zero_points', optional: true, mustBeConstant: true },
    ...['fc3_zero_points', 'router_weights', 'fc1_global_scale', 'fc2_global_scale'].map((name) => ({
      name,
      optional: true,
      isDynamic: true,
    })),
  ],
  outputs: ['output'],
  attributes: {
    ...expertAttributes,
    expert_weight_bits: bitsAttribute,
    block_size: {
      type: 'int',
      default: 0,
      check: (size) =>
        Number(size) === 0 || (Number(size) >= 16 && Number.isInteger(Math.log2(Number(size))))
          ? undefined
          : `must be a power of two from 16 up, and is ${size}`,
    },
    quant_type: {
      type: 'string',
      default: 'int',
      check: (value) => (value === 'int' ? undefined : `is "${value}": only "int" is supported`),
    },
    weights_prepacked: {
      type: 'int',
      default: -1,
      check: (value) => (Number(value) === 1 ? 'is 1: weights in the order of the ONNX text are needed' : undefined),
    },
  },
  quantized: 'float',
  infer(view) {
    const sizes = sizesOf(view);
    const { experts, inner, hidden, width } = sizes;
    const [input, router] = [view.required(0), view.required(1)];
    if (input.dtype !== 'float32' || router.dtype !== 'float32')
      view.bad(`the input is ${input.dtype}, router_probs ${router.dtype}`, { expected: 'float32' });
    if (elementCount(input.shape) !== hidden || elementCount(router.shape) !== experts)
      view.bad(`the input is [${input.shape}], router_probs [${router.shape}]`, {
        expected: `one token: ${hidden} and ${experts} elements`,
        because: 'each token may go to other experts',
        help: 'export the model one token at a step',
      });
    if (experts > MOST_EXPERTS) view.bad(`there are ${experts} experts`, { expected: `at most ${MOST_EXPERTS}` });
    for (const [name, index] of [
      ['fc3', 8],
      ['fc3', 9],
      ['fc3', 10],
      ['fc3', 13],
      ['router_weights', 14],
    ] as const)
      if (view.input(index) !== undefined)
        view.bad(`has ${name}`, {
          because: 'a third product and other shares than those of router_probs are not done',
        });
    if (view.input(15) !== undefined || view.input(16) !== undefined)
      view.bad('has global scales', { because: 'they belong to weights of floats (quant_type)' });
    checkLayer(view, 'fc1', inner, hidden);
    checkLayer(view, 'fc2', hidden, width);
    checkExperts(view, sizes);
    return [{ dtype: 'float32', shape: input.shape }];
  },
  normalize: (view, editor) => new PackedExperts(view, editor, sizesOf(view)).run(),
});

function sizesOf(view: NodeView): ExpertSizes {
  const [experts = 0, inner = 0, packed = 0] = view.required(2).shape;
  const hidden = (packed * 8) / view.int('expert_weight_bits');
  return { experts, inner, hidden, width: view.string('activation_type') === 'swiglu' ? inner / 2 : inner };
}

function blocksOf(view: NodeView, columns: number): number {
  const block = view.int('block_size');
  return block === 0 ? 1 : columns / block;
}

function checkLayer(view: NodeView, layer: 'fc1' | 'fc2', rows: number, columns: number): void {
  const [weights, scales, bias, zeros] = INPUTS[layer];
  const { experts } = sizesOf(view);
  const bits = view.int('expert_weight_bits');
  const blocks = blocksOf(view, columns);
  const isBlockwise = view.int('block_size') !== 0;
  if (!Number.isInteger(blocks))
    view.bad(`block_size is ${view.int('block_size')}, and rows of ${layer} have ${columns} elements`, {
      expected: 'a divisor',
    });
  const fields = isBlockwise ? [rows, Math.ceil((blocks * bits) / 8)] : [Math.ceil((rows * bits) / 8)];
  require(view, weights, 'uint8', [experts, rows, Math.ceil((columns * bits) / 8)]);
  require(view, scales, 'float32', isBlockwise ? [experts, rows, blocks] : [experts, rows]);
  require(view, bias, 'float32', [experts, rows]);
  require(view, zeros, 'uint8', [experts, ...fields]);
}

function require(view: NodeView, index: number, dtype: string, shape: readonly number[]): void {
  const value = view.input(index);
  if (value !== undefined && (value.dtype !== dtype || value.shape.join() !== shape.join()))
    view.bad(`"${value.name}" is ${value.dtype}[${value.shape}]`, { expected: `${dtype}[${shape}]` });
}

class PackedExperts extends Experts {
  /** The k largest, the last of equals first; their softmax. */
  protected routes(): Choice[] {
    const found = this.largest(this.router(), Number.NEGATIVE_INFINITY, 1);
    const k = found.length;
    const scores =
      k === 1
        ? found[0]!.score
        : this.writer.write(
            'Concat',
            found.map(({ score }) => score),
            [k],
            { axis: 0 },
          );
    const shares = this.writer.write('Softmax', [scores], [k], { axis: 0 });
    return found.map(({ index }, i) => {
      const bounds = { starts: [i], ends: [i + 1], axes: [0], steps: [1] };
      return { index, score: k === 1 ? shares : this.writer.write('Slice', [shares], [1], bounds) };
    });
  }

  protected product(x: string, index: string, layer: 'fc1' | 'fc2', rows: readonly number[]): string {
    const { experts, hidden, width } = this.sizes;
    const columns = layer === 'fc1' ? hidden : width;
    const bits = this.view.int('expert_weight_bits');
    const block = this.view.int('block_size') || blockFor(columns, bits);
    const attributes = { K: columns, N: rows.length, bits, block_size: block };
    const cases = Array.from({ length: experts }, (_, expert) =>
      this.writer.write(
        'MatMulNBits',
        [x, ...this.operands(layer, expert, rows, columns, block)],
        [1, rows.length],
        attributes,
        'float32',
        'com.microsoft',
      ),
    );
    return this.writer.write('Merge', [index, ...cases], [1, rows.length], {}, 'float32', 'ai.nanoc');
  }

  /** B, scales, zero points, no g_idx, and bias of a MatMulNBits. */
  private operands(
    layer: 'fc1' | 'fc2',
    expert: number,
    rows: readonly number[],
    columns: number,
    block: number,
  ): readonly string[] {
    const { view, writer } = this;
    const [weights, scales, bias, zeros] = INPUTS[layer].map((input) => view.input(input)) as [
      Value,
      Value,
      Value?,
      Value?,
    ];
    const bits = view.int('expert_weight_bits');
    const blocks = Math.ceil(columns / block);
    const bytes = (block * bits) / 8;
    const name = (value: Value) => `${value.name}/expert_${expert}`;
    const packed = new Uint8Array(rows.length * blocks * bytes);
    const factors = new Float32Array(rows.length * blocks);
    rows.forEach((row, i) => {
      packed.set(rowOf(weights, expert, row) as Uint8Array, i * blocks * bytes);
      const isBlockwise = scales.shape.length === 3;
      const one = Number(rowOf(scales, expert, 0)[row]);
      factors.set(
        isBlockwise ? (rowOf(scales, expert, row) as Float32Array) : Array<number>(blocks).fill(one),
        i * blocks,
      );
    });
    const constant = (value: Value, data: Tensor['data'], ...shape: number[]) =>
      writer.constant(name(value), { dtype: value.dtype, shape, data });
    return [
      constant(weights, packed, rows.length, blocks, bytes),
      constant(scales, factors, rows.length * blocks),
      zeros === undefined
        ? ''
        : constant(zeros, this.zeroPoints(zeros, expert, rows, blocks), rows.length * Math.ceil((blocks * bits) / 8)),
      '',
      bias === undefined
        ? ''
        : constant(
            bias,
            Float32Array.from(rows, (row) => Number(rowOf(bias, expert, 0)[row])),
            rows.length,
          ),
    ];
  }

  /** One for each block of each row, in a row's own bytes; without blocks QMoE packs those of all rows behind each other. */
  private zeroPoints(zeros: Value, expert: number, rows: readonly number[], blocks: number): Uint8Array {
    const bits = this.view.int('expert_weight_bits');
    const isBlockwise = this.view.int('block_size') !== 0;
    const bytes = Math.ceil((blocks * bits) / 8);
    const packed = new Uint8Array(rows.length * bytes);
    rows.forEach((row, i) => {
      const stored = rowOf(zeros, expert, isBlockwise ? row : 0) as Uint8Array;
      const own = isBlockwise ? blockZeroPoints(stored, 1, blocks, bits) : undefined;
      for (let b = 0; b < blocks; b += 1) {
        const at = b * bits;
        packed[i * bytes + (at >> 3)]! |= (own?.[b] ?? fieldOf(stored, row, bits)) << (at & 7);
      }
    });
    return packed;
  }
}

/** What belongs to one row of one expert; of [experts, n] all n are one row. */
function rowOf(value: Value, expert: number, row: number): Tensor['data'] {
  const { shape, constant } = value;
  const [, rows, size] = shape.length === 3 ? (shape as [number, number, number]) : [0, 1, shape[1]!];
  const start = (expert * rows + row) * size;
  return constant!.data.subarray(start, start + size) as Tensor['data'];
}

/** Blocks for rows that have one scale: those that take the fewest bytes, weights that only fill the last block and repeated scales included. */
function blockFor(columns: number, bits: number): number {
  const bytes = (block: number) => Math.ceil(columns / block) * ((block * bits) / 8 + 4);
  let best = 16;
  for (let block = 32; block < 2 * columns; block *= 2) if (bytes(block) < bytes(best)) best = block;
  return best;
}
