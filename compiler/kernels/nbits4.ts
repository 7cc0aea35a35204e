/**
 * Kernels of MatMulNBits for weights of 4 bits and int8 activations: the weights in the order in which a core takes them apart, four columns a
 * group (runtime-c/include/nanoc/nbits4.h has the layouts).
 */
import type { KernelCall, ParamValue } from '../ir/kernel-call.js';
import type { Feature } from '../ir/target.js';
import type { KernelOption, LowerContext, NodeView } from '../ops/define.js';
import { constantOf } from '../ops/shared/convolution.js';
import { geometry, zeroPointsOf } from '../ops/shared/matmul-nbits.js';
import { fieldOf } from '../ops/shared/nbits.js';
import { LX_FEATURES } from './xtensa/layer.js';

const GROUP = 4;
/** Elements of a row are filled up to a multiple of this. */
const STEP = 16;
/** Largest block whose sums, 4096 times themselves, have 32 bits. */
const LARGEST_BLOCK = 512;
/** What the vector unit flushes to zero never arises between these. */
const [LEAST_SCALE, GREATEST_SCALE, LEAST_BIAS] = [2 ** -50, 2 ** 50, 2 ** -100];

/** The weight of column `c` of a group at element `k`, 0 to 15; 8 beyond the matrix. */
type Nibble = (c: number, k: number) => number;

interface Layout {
  readonly function: string;
  readonly source: string;
  readonly needs: readonly Feature[];
  /** Elements that are packed together, and the words that they make. */
  readonly elements: number;
  words(at: Nibble): readonly number[];
  scratch(blocks: number, padded: number): number;
  readonly assemblyStack?: number;
}

const LAYOUTS: readonly Layout[] = [
  {
    function: 'nanoc_matmul_nbits4_mve',
    source: 'arm-mve',
    needs: ['mve', 'fpu'],
    elements: 16,
    words: (at) => [...vector(at, 0), ...vector(at, 2)],
    scratch: (blocks, padded) => padded + 16 * blocks,
    assemblyStack: 52,
  },
  {
    function: 'nanoc_matmul_nbits4_dsp',
    source: 'arm-dsp',
    needs: ['dsp', 'fpu'],
    elements: 2,
    words: halfwords,
    scratch: (blocks, padded) => 2 * padded + 28 * blocks,
    assemblyStack: 44,
  },
  {
    function: 'nanoc_matmul_nbits4_lx',
    source: 'xtensa',
    needs: LX_FEATURES,
    elements: 2,
    words: halfwords,
    scratch: (blocks, padded) => 2 * padded + 24 * blocks,
    assemblyStack: 48,
  },
  {
    function: 'nanoc_matmul_nbits4_pairs',
    source: 'portable',
    needs: [],
    elements: 4,
    words: (at) => [0, 2].map((c) => fourElements(at, c) + fourElements(at, c + 1) * 65536),
    scratch: (blocks, padded) => 4 * padded + 8 * blocks + 4 * Math.ceil(padded / STEP),
  },
];

/** Bytes of two columns, sixteen elements. */
function vector(at: Nibble, c: number): number[] {
  const byte = (k: number) => at(c, k) + 16 * at(c + 1, k);
  return [0, 4, 8, 12].map((k) => byte(k) + 256 * byte(k + 1) + 65536 * byte(k + 2) + 16777216 * byte(k + 3));
}

/** Two elements of four columns. */
function halfwords(at: Nibble): number[] {
  return [fourColumns(at, 0) + fourColumns(at, 1) * 65536];
}

/** A halfword of one element; the last column less 8, for it is read with a sign. */
function fourColumns(at: Nibble, k: number): number {
  return at(0, k) + 16 * at(1, k) + 256 * at(2, k) + 4096 * (at(3, k) ^ 8);
}

function fourElements(at: Nibble, c: number): number {
  return [0, 1, 2, 3].reduce((sum, k) => sum + at(c, k) * 16 ** k, 0);
}

/**
 * @param isInteger whether activations become int8
 * @param portable gives the call whose values these kernels take over
 */
export function nbits4Kernels(
  isInteger: (view: NodeView) => boolean,
  portable: (context: LowerContext) => KernelCall,
): KernelOption[] {
  return LAYOUTS.map((layout) => ({
    function: layout.function,
    family: 'native',
    needs: layout.needs,
    when: (context) => {
      if (!isInteger(context)) return 'accuracy_level asks for float32';
      const { bits, block } = geometry(context);
      if (bits !== 4) return 'the weights have not 4 bits';
      if (block > LARGEST_BLOCK) return `a block has ${block} elements, more than ${LARGEST_BLOCK}`;
      return !layout.needs.includes('mve') || isModerate(context) || 'a scale or bias is next to the ends of float32';
    },
    build: (context) => ({ call: packedCall(context, layout, portable(context)) }),
  }));
}

function isModerate(context: LowerContext): boolean {
  const floats = (index: number) =>
    context.input(index) === undefined ? [] : [...(constantOf(context, index).data as Float32Array)];
  const scales = floats(2).every((s) => s === 0 || (Math.abs(s) >= LEAST_SCALE && Math.abs(s) <= GREATEST_SCALE));
  return scales && floats(5).every((b) => b === 0 || Math.abs(b) >= LEAST_BIAS);
}

function packedCall(context: LowerContext, layout: Layout, portable: KernelCall): KernelCall {
  const { rows, inner, columns, block, blocks } = geometry(context);
  const padded = Math.ceil(inner / STEP) * STEP;
  const zeros = context.input(3) === undefined ? undefined : grouped(context, [...zeroPointsOf(context)], 8);
  const scales = grouped(context, [...(constantOf(context, 2).data as Float32Array)], 0);
  const constant = (suffix: string, data: Uint32Array | Float32Array | Int8Array, role: Role): ParamValue => ({
    constant: { suffix, data, role, alignment: 4 },
  });
  const fields: Record<string, ParamValue> = {
    rows: { int: rows },
    inner: { int: inner },
    columns: { int: columns },
    block: { int: block },
    weights: constant('weights', packed(context, layout, padded), 'weights'),
    scales: constant('scales', Float32Array.from(scales), 'scale'),
    zeros:
      zeros === undefined
        ? { text: 'NULL' }
        : constant(
            'zeros',
            Int8Array.from(zeros, (z) => z - 8),
            'parameters',
          ),
    bias:
      context.input(5) === undefined
        ? { text: 'NULL' }
        : constant('bias', filledUp(constantOf(context, 5).data as Float32Array), 'bias'),
  };
  return {
    ...portable,
    family: 'native',
    function: layout.function,
    header: 'nanoc/nbits4.h',
    sources: [`${layout.source}/${layout.function}.c`],
    arguments: [
      ...portable.arguments.filter(({ kind }) => kind !== 'params'),
      { kind: 'params', struct: 'nanoc_nbits4_params', fields },
    ],
    scratch: { bytes: layout.scratch(blocks, padded), alignment: 4 },
    packedRows: {
      name: 'nanoc_gather_nbits4',
      struct: 'nanoc_gather_nbits4_params',
      fields: {
        elements: { int: layout.elements },
        block: { int: block },
        weights: fields.weights!,
        scales: fields.scales!,
        zeros: fields.zeros!,
      },
    },
    ...(layout.assemblyStack === undefined ? {} : { assemblyStack: layout.assemblyStack }),
  };
}

/** Zeros up to a whole group. */
function filledUp(bias: Float32Array): Float32Array {
  const result = new Float32Array(Math.ceil(bias.length / GROUP) * GROUP);
  result.set(bias);
  return result;
}

type Role = 'weights' | 'scale' | 'parameters' | 'bias';

function packed(context: LowerContext, { elements, words }: Layout, padded: number): Uint32Array {
  const { inner, columns, block, blocks } = geometry(context);
  const stored = constantOf(context, 1).data as Uint8Array;
  const nibble = (column: number, k: number) =>
    column < columns && k < inner ? fieldOf(stored, column * blocks * block + k, 4) : 8;
  const result: number[] = [];
  for (let first = 0; first < columns; first += GROUP)
    for (let start = 0; start < padded; start += elements)
      result.push(...words((c, k) => nibble(first + c, start + k)));
  return Uint32Array.from(result);
}

/** [columns][blocks] as [groups][blocks][4]. */
function grouped(context: LowerContext, values: readonly number[], filling: number): number[] {
  const { columns, blocks } = geometry(context);
  const result: number[] = [];
  for (let first = 0; first < columns; first += GROUP)
    for (let b = 0; b < blocks; b += 1)
      for (let c = first; c < first + GROUP; c += 1) result.push(c < columns ? values[c * blocks + b]! : filling);
  return result;
}
