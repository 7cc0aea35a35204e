/** How far ONNX Runtime's QLinearAdd and QLinearMul are from Q(DQ(a) op DQ(b)), over all pairs of bytes (docs/NUMERICS.md). */
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { dequantize, quantize } from '../../compiler/numerics/requantize.js';
import { buildModel } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';

type Op = 'Add' | 'Mul';
type Scales = readonly [number, number, number];

const BYTES = Array.from({ length: 256 }, (_, i) => i - 128);
const PAIRS = BYTES.length ** 2;

/** Pairs whose results differ, and the largest difference. */
async function distance(op: Op, scales: Scales, zeros: Scales): Promise<{ differing: number; largest: number }> {
  const constants = ['a', 'b', 'y'].flatMap((name, i) => [
    { name: `${name}_scale`, tensor: { dtype: 'float32' as const, shape: [], data: Float32Array.of(scales[i]!) } },
    { name: `${name}_zero`, tensor: { dtype: 'int8' as const, shape: [], data: Int8Array.of(zeros[i]!) } },
  ]);
  const model = buildModel({
    inputs: ['a', 'b'].map((name) => ({ name, dtype: 'int8', shape: [256, 256] })),
    outputs: [{ name: 'y', dtype: 'int8', shape: [256, 256] }],
    initializers: constants,
    nodes: [
      {
        op: `QLinear${op}`,
        domain: 'com.microsoft',
        inputs: ['a', 'a_scale', 'a_zero', 'b', 'b_scale', 'b_zero', 'y_scale', 'y_zero'],
        outputs: ['y'],
      },
    ],
  });
  const a = Int8Array.from(BYTES.flatMap((x) => BYTES.map(() => x)));
  const b = Int8Array.from(BYTES.flatMap(() => BYTES));
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
  const feeds = { a: new ort.Tensor('int8', a, [256, 256]), b: new ort.Tensor('int8', b, [256, 256]) };
  const theirs = (await session.run(feeds)).y!.data as Int8Array;
  const [sa, sb, sy] = scales.map(Math.fround) as [number, number, number];
  let [differing, largest] = [0, 0];
  theirs.forEach((value, i) => {
    const [p, q] = [dequantize(a[i]!, sa, zeros[0]), dequantize(b[i]!, sb, zeros[1])];
    const own = quantize(Math.fround(op === 'Add' ? p + q : p * q), sy, zeros[2], -128, 127);
    if (own === value) return;
    differing += 1;
    largest = Math.max(largest, Math.abs(own - value));
  });
  return { differing, largest };
}

async function sweep(op: Op, count: number): Promise<{ differing: number; largest: number }> {
  const random = new Random(31);
  const zero = () => random.integer(-128, 127);
  let [differing, largest] = [0, 0];
  for (let i = 0; i < count; i += 1) {
    const scale = () => 0.01 * (0.5 + 4 * random.next());
    const found = await distance(
      op,
      [scale(), scale(), op === 'Mul' ? scale() / 5 : scale()],
      [zero(), zero(), zero()],
    );
    differing += found.differing;
    largest = Math.max(largest, found.largest);
  }
  return { differing, largest };
}

it('QLinearAdd: less than ten of a million, by one', async () => {
  const { differing, largest } = await sweep('Add', 20);
  expect(largest).toBeLessThanOrEqual(1);
  expect(differing).toBeLessThanOrEqual((20 * PAIRS) / 100_000);
});

it('QLinearMul: next to none for random scales', async () => {
  const { differing } = await sweep('Mul', 20);
  expect(differing).toBeLessThanOrEqual((20 * PAIRS) / 100_000);
});

it('QLinearMul adds the zero point before it rounds: ties go to the other side where that is odd', async () => {
  const scales = [1 / 16, 1 / 8, 1] as const;
  expect(await distance('Mul', scales, [3, -5, 7])).toEqual({ differing: 1792, largest: 1 });
  expect(await distance('Mul', scales, [3, -5, 8])).toEqual({ differing: 0, largest: 0 });
});
