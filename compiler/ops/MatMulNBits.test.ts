/** MatMulNBits: equal to ONNX Runtime up to the order of its float sums, and the kernels equal to the reference. */
import { describe, expect, it } from 'vitest';
import { target as host } from '../../targets/host/target.js';
import { buildModel } from '../../test/support/onnx-builder.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../test/support/operator-case.js';
import { Random } from '../../test/support/random.js';
import { simulatedTargets } from '../../test/support/simulated-targets.js';
import { compile } from '../index.js';
import type { Tensor } from '../ir/tensor.js';
import { verifyModel } from '../verify/verify.js';

const SLOW_MS = 120_000;
const hasLx7 = (await simulatedTargets()).includes('lx7');
const random = new Random(21);
const float = (shape: readonly number[], fill: () => number): Tensor => {
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'float32', shape, data: Float32Array.from({ length: count }, fill) };
};
const bytes = (shape: readonly number[]): Tensor => {
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'uint8', shape, data: Uint8Array.from({ length: count }, () => random.integer(0, 255)) };
};

interface Shape {
  readonly rows: number;
  readonly K: number;
  readonly N: number;
  readonly bits: number;
  readonly block: number;
  readonly level: number;
  readonly zeros?: boolean;
  readonly bias?: boolean;
}

function caseOf({ rows, K, N, bits, block, level, zeros = false, bias = false }: Shape): OperatorCase {
  const blocks = Math.ceil(K / block);
  const initializers = [
    { name: 'b', tensor: bytes([N, blocks, (block * bits) / 8]) },
    { name: 's', tensor: float([N * blocks], () => 0.01 + random.next() / 10) },
    ...(zeros ? [{ name: 'z', tensor: bytes([N * Math.ceil((blocks * bits) / 8)]) }] : []),
  ];
  const own = bias ? [{ name: 'c', tensor: float([N], () => random.next() - 0.5) }] : [];
  const names = [...initializers.map(({ name }) => name), ...(bias ? (zeros ? ['', 'c'] : ['', '', 'c']) : [])];
  const attributes = { K, N, bits, block_size: block, accuracy_level: level };
  return {
    name: JSON.stringify({ rows, K, N, bits, block, level, zeros, bias }),
    model: {
      opset: 17,
      inputs: [{ name: 'a', dtype: 'float32', shape: [rows, K] }],
      outputs: [{ name: 'y', dtype: 'float32', shape: [rows, N] }],
      initializers: [...initializers, ...own],
      nodes: [
        {
          op: 'MatMulNBits',
          domain: 'com.microsoft',
          inputs: ['a', ...names],
          outputs: ['y'],
          attributes,
        },
      ],
    },
    inputs: { a: float([rows, K], () => random.next() * 4 - 2) },
  };
}

const shapes: readonly Shape[] = [
  { rows: 1, K: 64, N: 8, bits: 4, block: 32, level: 4 },
  { rows: 1, K: 172, N: 5, bits: 4, block: 32, level: 4 },
  { rows: 3, K: 96, N: 7, bits: 4, block: 16, level: 4, zeros: true },
  { rows: 1, K: 64, N: 8, bits: 4, block: 32, level: 0 },
  { rows: 2, K: 80, N: 9, bits: 4, block: 64, level: 0, zeros: true },
];

/** Targets whose kernel for 4 bits is the one named. */
const CORES = [
  ['cortex-m4', 'nanoc_matmul_nbits4_dsp'],
  ['cortex-m55', 'nanoc_matmul_nbits4_mve'],
  ['cortex-m3', 'nanoc_matmul_nbits4_pairs'],
  ['lx7', 'nanoc_matmul_nbits4_lx'],
].filter(([target]) => target !== 'lx7' || hasLx7) as [string, string][];

/** The reference, the core, and the same kernel in C on the host. */
async function checkCore(target: string, kernel: string, cases: readonly OperatorCase[]): Promise<void> {
  for (const item of cases) {
    const source = { fileName: 'nbits.onnx', bytes: buildModel(item.model) };
    const compilation = await compile(source, { target });
    expect(compilation.plan.calls.map((call) => call.function)).toContain(kernel);
    for (const each of [compilation.target, host]) {
      const set = { vectors: [new Map(Object.entries(item.inputs))], labels: [item.name] };
      const result = await verifyModel({ ...compilation, target: each }, set, {
        onnxRuntime: 'off',
        sanitize: each === host,
      });
      expect(result.firstDivergence, item.name).toBeUndefined();
      expect(result.passed).toBe(true);
    }
  }
}

const odd: readonly Shape[] = [
  shapes[1]!,
  shapes[2]!,
  { rows: 2, K: 33, N: 3, bits: 4, block: 16, level: 4, zeros: true },
  { rows: 1, K: 300, N: 9, bits: 4, block: 128, level: 4, zeros: true, bias: true },
  { rows: 2, K: 70, N: 6, bits: 4, block: 64, level: 4, bias: true },
];

describe('MatMulNBits', () => {
  it('4 bits: ONNX Runtime', async () => {
    for (const item of shapes.map(caseOf)) {
      const { expected } = compileCase(item);
      const onnx = (await runOnnx(item)).get('y')!.data as Float32Array;
      const ours = expected.get('y')!.data as Float32Array;
      // Sums of up to 172 products of numbers up to 2 and weights up to 1.6, added in another order; one step of int8 may differ.
      onnx.forEach((value, i) => {
        expect(Math.abs(value - ours[i]!), `${item.name} ${i}`).toBeLessThan(5e-4);
      });
    }
  });

  it('2, 4 and 8 bits: the kernels', async () => {
    const more = [2, 4, 8].flatMap((bits): Shape[] => [
      { rows: 2, K: 33, N: 3, bits, block: 16, level: 4, zeros: true },
      { rows: 2, K: 33, N: 3, bits, block: 16, level: 0 },
    ]);
    await runKernels([...shapes, ...more].map((shape) => compileCase(caseOf(shape))));
  });

  it.each(CORES)('4 bits on %s', { timeout: SLOW_MS }, async (target, kernel) => {
    // The simulator of lx7 is slow to start.
    await checkCore(target, kernel, (target === 'lx7' ? odd.slice(3, 4) : odd).map(caseOf));
  });

  it.each(CORES)(
    'rows of zeros, of small numbers, infinity and NaN on %s',
    { timeout: SLOW_MS },
    async (target, kernel) => {
      const item = caseOf({ rows: 5, K: 32, N: 6, bits: 4, block: 16, level: 4 });
      const data = (item.inputs.a!.data as Float32Array).fill(0);
      data[40] = Number.POSITIVE_INFINITY;
      data[70] = Number.NaN;
      data.set([1e-40, -3e-41, 2e-39], 96);
      data.set([1, -1e-40, 3e-20], 128);
      await runKernels([compileCase(item)]);
      await checkCore(target, kernel, [item]);
    },
  );

  it('says what is wrong with it', () => {
    const item = caseOf({ rows: 1, K: 64, N: 8, bits: 4, block: 32, level: 4 });
    const node = item.model.nodes[0]!;
    const changed = (attributes: Record<string, number>) =>
      compileCase({
        ...item,
        model: { ...item.model, nodes: [{ ...node, attributes: { ...node.attributes, ...attributes } }] },
      });
    expect(() => changed({ bits: 3 })).toThrow(/bits.*2, 4, 8/s);
    expect(() => changed({ block_size: 24 })).toThrow(/power of two/);
    expect(() => changed({ K: 48 })).toThrow(/A has 64 columns/);
    expect(() => changed({ N: 9 })).toThrow(/"b" is uint8/);
  });
});
