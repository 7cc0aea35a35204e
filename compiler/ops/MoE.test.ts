import { describe, expect, it } from 'vitest';
import { float, sourceOf, weights } from '../../test/support/branch-models.js';
import type { BuilderAttribute, BuilderModel } from '../../test/support/onnx-builder.js';
import { runOnnx } from '../../test/support/operator-case.js';
import { CompileError } from '../diagnostics/diagnostic.js';
import { compile } from '../index.js';
import { evaluateGraph } from '../reference/evaluate.js';
import { callIsTaken } from '../reference/taken.js';
import { runModel } from '../simulate/session.js';

const EXPERTS = 4;
const HIDDEN = 8;
const INNER = 12;

interface Form {
  readonly attributes: Readonly<Record<string, BuilderAttribute>>;
  readonly bias?: boolean;
  readonly shape?: readonly number[];
}

function modelOf({ attributes, bias = true, shape = [1, HIDDEN] }: Form): BuilderModel {
  const rows = attributes.activation_type === 'swiglu' ? 2 * INNER : INNER;
  return {
    inputs: [float('x', ...shape), float('p', 1, EXPERTS)],
    outputs: [float('y', ...shape)],
    initializers: [
      { name: 'w1', tensor: weights(1, EXPERTS, rows, HIDDEN) },
      { name: 'w2', tensor: weights(3, EXPERTS, HIDDEN, INNER) },
      ...(bias
        ? [
            { name: 'b1', tensor: weights(2, EXPERTS, rows) },
            { name: 'b2', tensor: weights(4, EXPERTS, HIDDEN) },
          ]
        : []),
    ],
    nodes: [
      {
        op: 'MoE',
        domain: 'com.microsoft',
        name: 'moe',
        inputs: ['x', 'p', 'w1', bias ? 'b1' : '', 'w2', ...(bias ? ['b2'] : [])],
        outputs: ['y'],
        attributes,
      },
    ],
  };
}

const FORMS: readonly Form[] = [
  { attributes: { activation_type: 'relu' } },
  { attributes: { activation_type: 'silu', k: 2 }, shape: [1, 1, HIDDEN] },
  { attributes: { activation_type: 'gelu', k: 2, normalize_routing_weights: 1 }, bias: false },
  { attributes: { activation_type: 'identity', k: 4 } },
  { attributes: { activation_type: 'swiglu', swiglu_fusion: 1, k: 2, normalize_routing_weights: 1 } },
  {
    attributes: {
      activation_type: 'swiglu',
      swiglu_fusion: 1,
      activation_alpha: { float: 1.702 },
      activation_beta: { float: 1 },
      swiglu_limit: { float: 0.5 },
    },
  },
];

async function errorOf(form: Form, change: (model: BuilderModel) => BuilderModel = (model) => model): Promise<string> {
  try {
    await compile(sourceOf(change(modelOf(form))), { target: 'host' });
    return '';
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics[0]!.message;
  }
}

describe('MoE', () => {
  it.each(FORMS.map((form) => [JSON.stringify(form.attributes), form] as const))(
    '%s: what ONNX Runtime gives, by the chosen experts alone',
    async (_, form) => {
      const model = modelOf(form);
      const compilation = await compile(sourceOf(model), { target: 'host' });
      for (const seed of [11, 12, 13]) {
        const x = { ...weights(seed, ...(form.shape ?? [1, HIDDEN])) };
        const inputs = { x, p: weights(seed + 100, 1, EXPERTS) };
        const y = (await runOnnx({ name: 'moe', model, inputs })).get('y')!;
        const result = evaluateGraph(compilation.reference, new Map(Object.entries(inputs)));
        const own = result.get('y')!.data as Float32Array;
        for (const [i, value] of own.entries()) expect(value).toBeCloseTo(Number(y.data[i]), 5);
        const run = await runModel(compilation, [new Map(Object.entries(inputs))]);
        expect(run.steps[0]!.outputs.get('y')!.data).toEqual(own);
        const products = compilation.plan.calls.filter(({ node }) => node.op === 'MatMul');
        const taken = products.filter((call) => callIsTaken(call, compilation.graph, result));
        expect(taken.length * EXPERTS).toBe(products.length);
        expect(compilation.plan.calls.filter((call) => /copy|gather/.test(call.function))).toEqual([]);
      }
    },
  );

  it('refuses by name what is not done', async () => {
    const relu: Form = { attributes: { activation_type: 'relu' } };
    expect(await errorOf({ attributes: { activation_type: 'relu', k: 5 } })).toMatch(/MoE: k is 5/);
    expect(await errorOf({ attributes: { activation_type: 'swiglu' } })).toMatch(/MoE: swiglu_fusion is 0/);
    expect(await errorOf({ attributes: { activation_type: 'relu', use_sparse_mixer: 1 } })).toMatch(/sparse mixer/);
    expect(await errorOf({ ...relu, shape: [2, HIDDEN] })).toMatch(/the input is \[2,8\], router_probs \[1,4\]/);
    const withBytes = ({ initializers = [], ...model }: BuilderModel): BuilderModel => ({
      ...model,
      initializers: initializers.map(({ name, tensor }) => {
        const data = Int8Array.from(tensor.data as Float32Array);
        return { name, tensor: name === 'w2' ? { ...tensor, dtype: 'int8', data } : tensor };
      }),
    });
    expect(await errorOf(relu, withBytes)).toMatch(/MoE: "w2" is int8/);
    const withThird = (model: BuilderModel): BuilderModel => ({
      ...model,
      nodes: [{ ...model.nodes[0]!, inputs: [...model.nodes[0]!.inputs, 'w1'] }],
    });
    expect(await errorOf(relu, withThird)).toMatch(/fc3_experts_weights/);
  });
});
