import { describe, expect, it } from 'vitest';
import { float, sourceOf, weights } from '../../test/support/branch-models.js';
import type { BuilderAttribute, BuilderModel } from '../../test/support/onnx-builder.js';
import { runOnnx } from '../../test/support/operator-case.js';
import { poisonedWeights } from '../../test/support/poisoned-weights.js';
import { Random } from '../../test/support/random.js';
import { CompileError } from '../diagnostics/diagnostic.js';
import { compile } from '../index.js';
import type { Tensor } from '../ir/tensor.js';
import { evaluateGraph } from '../reference/evaluate.js';
import { callIsTaken } from '../reference/taken.js';
import { runModel } from '../simulate/session.js';

const EXPERTS = 4;
const [HIDDEN, INNER] = [32, 64];

interface Form {
  readonly attributes: Readonly<Record<string, BuilderAttribute>>;
  readonly bits?: 2 | 4 | 8;
  readonly block?: 16 | 32;
  readonly zeros?: boolean;
  readonly bias?: boolean;
  readonly shape?: readonly number[];
  readonly hidden?: number;
}

function bytes(seed: number, ...shape: number[]): Tensor {
  const random = new Random(seed);
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'uint8', shape, data: Uint8Array.from({ length: count }, () => Math.floor(random.next() * 256)) };
}

/** Scales between 0.01 and 0.03, so that sums stay near 1. */
function scales(seed: number, ...shape: number[]): Tensor {
  const { data } = weights(seed, ...shape);
  return { dtype: 'float32', shape, data: (data as Float32Array).map((x) => 0.02 + 0.02 * x) };
}

function modelOf(form: Form): BuilderModel {
  const { attributes, bits = 4, block, zeros = false, bias = true, hidden = HIDDEN, shape = [1, hidden] } = form;
  const inner = attributes.activation_type === 'swiglu' ? 2 * INNER : INNER;
  const pack = 8 / bits;
  const layer = (n: number, rows: number, columns: number): Record<string, Tensor> => ({
    [`w${n}`]: bytes(n, EXPERTS, rows, columns / pack),
    [`s${n}`]: scales(10 + n, EXPERTS, rows, ...(block === undefined ? [] : [columns / block])),
    ...(bias ? { [`b${n}`]: weights(20 + n, EXPERTS, rows) } : {}),
    ...(zeros
      ? {
          [`z${n}`]:
            block === undefined
              ? bytes(30 + n, EXPERTS, rows / pack)
              : bytes(30 + n, EXPERTS, rows, columns / block / pack),
        }
      : {}),
  });
  const initializers = Object.entries({ ...layer(1, inner, hidden), ...layer(2, hidden, INNER) });
  const known = new Set(initializers.map(([name]) => name));
  const order = ['w1', 's1', 'b1', 'w2', 's2', 'b2', '', '', '', 'z1', 'z2'].map((name) =>
    known.has(name) ? name : '',
  );
  return {
    inputs: [float('x', ...shape), float('p', 1, EXPERTS)],
    outputs: [float('y', ...shape)],
    initializers: initializers.map(([name, tensor]) => ({ name, tensor })),
    nodes: [
      {
        op: 'QMoE',
        domain: 'com.microsoft',
        name: 'moe',
        inputs: ['x', 'p', ...order],
        outputs: ['y'],
        attributes: { expert_weight_bits: bits, ...(block === undefined ? {} : { block_size: block }), ...attributes },
      },
    ],
  };
}

const SWIGLU = {
  activation_type: 'swiglu',
  swiglu_fusion: 1,
  activation_alpha: { float: 1.702 },
  activation_beta: { float: 1 },
  swiglu_limit: { float: 0.5 },
} as const;

const FORMS: readonly Form[] = [
  { attributes: { activation_type: 'relu' } },
  { attributes: { activation_type: 'relu', k: 2 }, bits: 8, bias: false },
  { attributes: { activation_type: 'silu', k: 2 }, block: 16, shape: [1, 1, HIDDEN] },
  { attributes: { activation_type: 'gelu', k: 4 }, block: 16, bits: 8 },
  { attributes: { ...SWIGLU, k: 2 }, block: 32, hidden: 64 },
  { attributes: { ...SWIGLU }, bits: 8 },
  { attributes: { activation_type: 'identity', k: 2, normalize_routing_weights: 1 }, zeros: true },
  { attributes: { activation_type: 'relu', k: 3 }, block: 16, zeros: true },
  { attributes: { activation_type: 'relu' }, block: 16, bits: 8, zeros: true },
  { attributes: { activation_type: 'relu', k: 2 }, bits: 2, zeros: true },
  { attributes: { activation_type: 'silu' }, bits: 2, block: 16 },
  { attributes: { activation_type: 'relu', k: 2 }, hidden: 40, zeros: true, bits: 8 },
];

const titleOf = ({ attributes, ...others }: Form) => JSON.stringify({ ...attributes, ...others });

describe('QMoE', () => {
  it.each(FORMS.map((form) => [titleOf(form), form] as const))(
    '%s: what ONNX Runtime gives, by the chosen experts alone',
    async (_, form) => {
      const model = modelOf(form);
      const compilation = await compile(sourceOf(model), { target: 'host' });
      const products = compilation.plan.calls.filter(({ node }) => node.op === 'MatMulNBits');
      const vectors = [11, 12, 13].map((seed) => ({
        x: weights(seed, ...model.inputs[0]!.shape.map(Number)),
        p: weights(seed + 100, 1, EXPERTS),
      }));
      for (const inputs of vectors) {
        const y = (await runOnnx({ name: 'moe', model, inputs })).get('y')!.data as Float32Array;
        const result = evaluateGraph(compilation.reference, new Map(Object.entries(inputs)));
        const own = result.get('y')!.data as Float32Array;
        const largest = Math.max(...y.map(Math.abs));
        for (const [i, value] of own.entries()) expect(Math.abs(value - y[i]!) / largest).toBeLessThan(4e-6);
        const taken = products.filter((call) => callIsTaken(call, compilation.graph, result));
        expect(taken.length * EXPERTS).toBe(products.length);
        const run = await runModel(compilation, [new Map(Object.entries(inputs))]);
        expect(run.steps[0]!.outputs.get('y')!.data).toEqual(own);
        expect(compilation.plan.calls.filter((call) => /copy|gather/.test(call.function))).toEqual([]);
      }
    },
  );

  it('of experts that are equally likely takes those that ONNX Runtime takes', async () => {
    const model = modelOf({ attributes: { activation_type: 'relu', k: 2 } });
    const compilation = await compile(sourceOf(model), { target: 'host' });
    for (const scores of [
      [1, 1, 1, 1],
      [0, 2, 2, 2],
      [3, 1, 3, 1],
      [-1, 0, -1, -1],
    ]) {
      const p: Tensor = { dtype: 'float32', shape: [1, EXPERTS], data: Float32Array.from(scores) };
      const inputs = { x: weights(5, 1, HIDDEN), p };
      const y = (await runOnnx({ name: 'moe', model, inputs })).get('y')!.data as Float32Array;
      const own = evaluateGraph(compilation.reference, new Map(Object.entries(inputs))).get('y')!.data as Float32Array;
      for (const [i, value] of own.entries()) expect(value).toBeCloseTo(y[i]!, 5);
    }
  });

  it('reads no weights but those of the chosen expert, on the Cortex-M4', async () => {
    const compilation = await compile(sourceOf(modelOf({ attributes: { ...SWIGLU }, block: 32 })), {
      target: 'cortex-m4',
    });
    const inputs = new Map(Object.entries({ x: weights(7, 1, HIDDEN), p: weights(107, 1, EXPERTS) }));
    const result = evaluateGraph(compilation.reference, inputs);
    const { files, bytes: changed } = await poisonedWeights(compilation, (call) =>
      callIsTaken(call, compilation.graph, result),
    );
    // Three of four experts: 128 rows of 32 elements and 32 of 64, in half a byte each.
    expect(changed).toBeGreaterThan(3 * 3072);
    const run = await runModel(compilation, [inputs], { emit: () => files });
    expect(run.steps[0]!.outputs.get('y')!.data).toEqual(result.get('y')!.data);
  });

  it('refuses by name what is not done', async () => {
    const relu: Form = { attributes: { activation_type: 'relu' } };
    const errorOf = async (form: Form, change: (model: BuilderModel) => BuilderModel = (model) => model) => {
      try {
        await compile(sourceOf(change(modelOf(form))), { target: 'host' });
        return '';
      } catch (error) {
        if (!(error instanceof CompileError)) throw error;
        return error.diagnostics[0]!.message;
      }
    };
    const withInput =
      (index: number) =>
      (model: BuilderModel): BuilderModel => {
        const inputs = [...model.nodes[0]!.inputs];
        while (inputs.length < 17) inputs.push('');
        inputs[index] = 'b1';
        return { ...model, nodes: [{ ...model.nodes[0]!, inputs }] };
      };
    expect(await errorOf({ attributes: { activation_type: 'relu', k: 5 } })).toMatch(/QMoE: k is 5/);
    expect(await errorOf({ attributes: { activation_type: 'relu', quant_type: 'fp4' } })).toMatch(/only "int"/);
    expect(await errorOf({ attributes: { activation_type: 'relu', weights_prepacked: 1 } })).toMatch(
      /weights_prepacked/,
    );
    expect(await errorOf({ ...relu, shape: [2, HIDDEN] })).toMatch(/the input is \[2,32\], router_probs \[1,4\]/);
    expect(await errorOf(relu, withInput(8))).toMatch(/has fc3/);
    expect(await errorOf(relu, withInput(14))).toMatch(/has router_weights/);
    expect(await errorOf(relu, withInput(15))).toMatch(/has global scales/);
    const wrongScales = ({ initializers = [], ...model }: BuilderModel): BuilderModel => ({
      ...model,
      initializers: initializers.map(({ name, tensor }) =>
        name === 's1' ? { name, tensor: scales(1, EXPERTS, 3) } : { name, tensor },
      ),
    });
    expect(await errorOf(relu, wrongScales)).toMatch(/"s1" is float32\[4,3\]/);
  });
});
