import { describe, expect, it } from 'vitest';
import { type BuilderModel, type BuilderNode, buildModel } from '../../../test/support/onnx-builder.js';
import { CompileError, type Diagnostic, Diagnostics } from '../../diagnostics/diagnostic.js';
import type { Graph } from '../../ir/graph.js';
import type { Tensor } from '../../ir/tensor.js';
import { verifyGraph } from '../../ir/verify.js';
import { importModel } from '../1-import/index.js';
import { checkGraph } from './index.js';
import { bindStates } from './states.js';

const int64 = (...values: number[]): Tensor => ({
  dtype: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});
const float = (shape: readonly number[], fill = 0.5): Tensor => ({
  dtype: 'float32',
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(fill),
});
const scale = (...values: number[]): Tensor => ({
  dtype: 'float32',
  shape: values.length === 1 ? [] : [values.length],
  data: Float32Array.from(values),
});

/** x float32[1,2,6,6] and the given nodes and constants; the last node's first output is the model's. */
function model(
  nodes: readonly BuilderNode[],
  constants: Readonly<Record<string, Tensor>> = {},
  more: Partial<BuilderModel> = {},
): Uint8Array {
  return buildModel({
    inputs: [{ name: 'x', dtype: 'float32', shape: [1, 2, 6, 6] }],
    outputs: [{ name: nodes.at(-1)!.outputs[0]!, dtype: 'float32', shape: [] }],
    initializers: Object.entries(constants).map(([name, tensor]) => ({ name, tensor })),
    nodes,
    ...more,
  });
}

function check(bytes: Uint8Array, states: readonly string[] = []): Graph {
  const diagnostics = new Diagnostics();
  const imported = importModel(bytes, { name: 'm' }, diagnostics);
  diagnostics.throwIfErrors();
  const graph = bindStates(checkGraph(imported, diagnostics), states, diagnostics);
  diagnostics.throwIfErrors();
  verifyGraph(graph, '2-check');
  return graph;
}

function errorsOf(bytes: Uint8Array, states: readonly string[] = []): Diagnostic[] {
  try {
    check(bytes, states);
    return [];
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics.filter(({ severity }) => severity === 'error');
  }
}

const codesOf = (bytes: Uint8Array, states: readonly string[] = []) => errorsOf(bytes, states).map(({ code }) => code);

const conv = (attributes: BuilderNode['attributes'] = {}, inputs = ['x', 'w']): BuilderNode => ({
  op: 'Conv',
  name: 'conv',
  inputs,
  outputs: ['y'],
  attributes: attributes!,
});

describe('types and shapes', () => {
  it('are inferred for every value', () => {
    const nodes = [
      conv({ pads: [1, 0, 1, 0] }),
      { op: 'Transpose', inputs: ['y'], outputs: ['z'], attributes: { perm: [0, 2, 3, 1] } },
    ];
    const graph = check(model(nodes, { w: float([3, 2, 3, 3]) }));
    expect(graph.values.get('y')).toMatchObject({ dtype: 'float32', shape: [1, 3, 6, 4] });
    expect(graph.values.get('z')).toMatchObject({ dtype: 'float32', shape: [1, 6, 4, 3], source: { name: 'z' } });
  });

  it('follow from shape arithmetic, which is folded away', () => {
    const nodes: BuilderNode[] = [
      { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
      { op: 'Slice', inputs: ['shape', 'zero', 'two'], outputs: ['front'] },
      { op: 'Reshape', inputs: ['rest', 'front'], outputs: ['target'] },
      { op: 'Reshape', inputs: ['x', 'pair'], outputs: ['y'] },
    ];
    const graph = check(
      model(nodes.slice(0, 2).concat(nodes[3]!), { zero: int64(0), two: int64(2), pair: int64(2, -1) }),
    );
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Reshape']);
    expect(graph.values.get('front')!.constant!.data).toEqual(BigInt64Array.of(1n, 2n));
    expect(graph.values.get('y')!.shape).toEqual([2, 36]);
  });

  it('puts nodes into topological order', () => {
    const nodes: BuilderNode[] = [
      { op: 'Identity', name: 'last', inputs: ['b'], outputs: ['c'] },
      { op: 'Identity', name: 'first', inputs: ['x'], outputs: ['a'] },
      { op: 'Identity', name: 'middle', inputs: ['a'], outputs: ['b'] },
    ];
    const bytes = model(nodes, {}, { outputs: [{ name: 'c', dtype: 'float32', shape: [] }] });
    expect(check(bytes).nodes.map(({ name }) => name)).toEqual(['first', 'middle', 'last']);
  });
});

describe('operators that are not supported', () => {
  it('are all listed, each once, with the nodes that use it', () => {
    const nodes: BuilderNode[] = [
      ...[1, 2, 3, 4].map((i) => ({ op: 'Wavelet', name: `w${i}`, inputs: ['x'], outputs: [`a${i}`] })),
      { op: 'Frobnicate', domain: 'com.acme', name: 'f', inputs: ['a1'], outputs: ['b'] },
      { op: 'Konv', name: 'k', inputs: ['b'], outputs: ['y'] },
    ];
    const errors = errorsOf(model(nodes));
    expect(errors.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'NC0201 Wavelet is not supported',
      'NC0201 com.acme.Frobnicate is not supported',
      'NC0201 Konv is not supported',
    ]);
    expect(errors[0]!.node).toBe('"w1", "w2", "w3" and 1 more (Wavelet, 4 in all)');
    expect(errors[2]!.help).toBe('did you mean "Conv"?');
  });
});

describe('broken graphs', () => {
  it('a cycle names the nodes on it', () => {
    const nodes: BuilderNode[] = [
      { op: 'Identity', name: 'a', inputs: ['q'], outputs: ['p'] },
      { op: 'Identity', name: 'b', inputs: ['p'], outputs: ['q'] },
    ];
    const [error] = errorsOf(model(nodes));
    expect(error).toMatchObject({ code: 'NC0205', node: '"a" -> "b"' });
  });

  it('a node that reads itself is a cycle', () => {
    expect(codesOf(model([{ op: 'Identity', inputs: ['y'], outputs: ['y'] }]))).toEqual(['NC0205']);
  });

  it('a long chain does not overflow the stack', () => {
    const nodes = Array.from({ length: 20_000 }, (_, i) => ({
      op: 'Identity',
      name: `n${i}`,
      inputs: [i === 0 ? 'x' : `v${i - 1}`],
      outputs: [`v${i}`],
    }));
    expect(
      check(model(nodes.reverse(), {}, { outputs: [{ name: 'v19999', dtype: 'float32', shape: [] }] })).nodes,
    ).toHaveLength(20_000);
  });

  it('missing values are all listed, with the nearest name', () => {
    const errors = errorsOf(model([conv({}, ['x', 'w', 'bais'])], { weights: float([3, 2, 3, 3]), bias: float([3]) }));
    expect(errors.map(({ code, message, help }) => [code, message, help])).toEqual([
      ['NC0202', '"w" is read but nothing writes it', expect.anything()],
      ['NC0202', '"bais" is read but nothing writes it', 'did you mean "bias"?'],
    ]);
  });

  it('an output that nothing writes', () => {
    const bytes = model(
      [conv()],
      { w: float([3, 2, 3, 3]) },
      { outputs: [{ name: 'why', dtype: 'float32', shape: [] }] },
    );
    expect(codesOf(bytes)).toEqual(['NC0203']);
  });
});

describe('faulty nodes', () => {
  const weights = { w: float([3, 2, 3, 3]) };
  it.each<[string, BuilderNode, Record<string, Tensor>]>([
    ['an attribute of the wrong type', conv({ group: 'one' }), weights],
    ['an attribute out of range', conv({ group: 0 }), weights],
    ['strides of 0', conv({ strides: [0, 1] }), weights],
    ['negative dilations', conv({ dilations: [-1, 1] }), weights],
    ['an absurd pad', conv({ pads: [2 ** 40, 0, 0, 0] }), weights],
    ['a kernel_shape that is not that of the weights', conv({ kernel_shape: [5, 5] }), weights],
    ['an unknown attribute', conv({ grupo: 1 }), weights],
    ['channels that do not fit', conv(), { w: float([3, 5, 3, 3]) }],
    ['too many inputs', conv({}, ['x', 'w', 'w', 'w']), weights],
    ['a missing input', conv({}, ['x']), weights],
    ['an omitted input', conv({}, ['', 'w']), weights],
    [
      'an axis out of range',
      { op: 'Transpose', inputs: ['x'], outputs: ['y'], attributes: { perm: [0, 1, 2, 7] } },
      {},
    ],
    ['a repeated axis', { op: 'Transpose', inputs: ['x'], outputs: ['y'], attributes: { perm: [0, 1, 1, 2] } }, {}],
    ['a shape that does not fit', { op: 'Reshape', inputs: ['x', 's'], outputs: ['y'] }, { s: int64(5, -1) }],
    ['two dimensions to be inferred', { op: 'Reshape', inputs: ['x', 's'], outputs: ['y'] }, { s: int64(-1, -1) }],
    ['a shape that is computed at run time', { op: 'Reshape', inputs: ['x', 'x'], outputs: ['y'] }, {}],
    ['matrices that do not fit', { op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }, { w: float([5, 5]) }],
    ['too many outputs', { op: 'Identity', inputs: ['x'], outputs: ['y', 'z'] }, {}],
  ])('%s', (_, node, constants) => {
    const errors = errorsOf(model([node], constants));
    expect(errors.map(({ code }) => code)).toEqual(['NC0204']);
    expect(errors[0]!.node).toContain(node.op);
  });

  it('are all reported, but not those that follow from them', () => {
    const nodes: BuilderNode[] = [
      { ...conv({ group: 0 }), name: 'bad 1', outputs: ['a'] },
      { ...conv({ group: -1 }), name: 'bad 2', outputs: ['b'] },
      { op: 'MatMul', name: 'follows', inputs: ['a', 'b'], outputs: ['y'] },
    ];
    expect(errorsOf(model(nodes, weights)).map(({ node }) => /bad \d|follows/.exec(node ?? '')?.[0])).toEqual([
      'bad 1',
      'bad 2',
    ]);
  });

  it('a result that no memory holds', () => {
    const wide = { inputs: [{ name: 'x', dtype: 'float32' as const, shape: [1, 2, 30_000, 30_000] }] };
    expect(codesOf(model([{ op: 'Identity', inputs: ['x'], outputs: ['y'] }], {}, wide))).toEqual(['NC0206']);
  });

  it('an input of 2^40 elements', () => {
    const huge = { inputs: [{ name: 'x', dtype: 'int8' as const, shape: [2 ** 20, 2 ** 20] }] };
    expect(codesOf(model([{ op: 'Identity', inputs: ['x'], outputs: ['y'] }], {}, huge))).toEqual(['NC0206']);
  });

  it('an empty result', () => {
    const node = { op: 'Slice', inputs: ['x', 'from', 'to'], outputs: ['y'] };
    expect(codesOf(model([node], { from: int64(1), to: int64(1) }))).toEqual(['NC0204']);
  });
});

describe('quantization parameters', () => {
  const quantized = (
    s: Tensor,
    z: Tensor = { dtype: 'int8', shape: s.shape, data: new Int8Array(s.data.length) },
    attributes = {},
  ) => model([{ op: 'QuantizeLinear', name: 'q', inputs: ['x', 's', 'z'], outputs: ['y'], attributes }], { s, z });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a scale of %d is refused', (value) => {
    const errors = errorsOf(quantized(scale(value)));
    expect(errors.map(({ code }) => code)).toEqual(['NC0204']);
    expect(errors[0]!.message).toContain('scale');
  });

  it('one bad scale among many is named', () => {
    expect(errorsOf(quantized(scale(1, 0), undefined, { axis: 1 }))[0]!.message).toContain('scale 0 at index 1');
  });

  it.each<[string, Uint8Array]>([
    ['as many zero points as scales', quantized(scale(1, 2), { dtype: 'int8', shape: [], data: Int8Array.of(0) })],
    ['a zero point that is no integer', quantized(scale(1), scale(0))],
    ['as many scales as the axis has indices', quantized(scale(1, 2, 3))],
    ['an axis of the tensor', quantized(scale(1, 2), undefined, { axis: 9 })],
    ['scales that are constant', model([{ op: 'QuantizeLinear', inputs: ['x', 'x'], outputs: ['y'] }])],
  ])('there must be %s', (_, bytes) => {
    expect(codesOf(bytes)).toEqual(['NC0204']);
  });
});

describe('states', () => {
  /** y and z are next states of s and t; y has the shape of s. */
  const stateful = buildModel({
    inputs: [
      { name: 's', dtype: 'int8', shape: [1, 4] },
      { name: 't:0', dtype: 'int8', shape: [1, 5] },
    ],
    outputs: [
      { name: 'y', dtype: 'int8', shape: [1, 4] },
      { name: 'z', dtype: 'int8', shape: [1, 5] },
    ],
    nodes: [
      { op: 'Identity', inputs: ['s'], outputs: ['y'] },
      { op: 'Identity', inputs: ['t:0'], outputs: ['z'] },
    ],
  });

  it('are bound, with real zero or the given value at reset', () => {
    expect(check(stateful, ['y=s:-128', 'z=t:0']).states).toEqual([
      { output: 'y', input: 's', initial: -128 },
      { output: 'z', input: 't:0', initial: 0 },
    ]);
  });

  it('real zero is the zero point with which the state is read', () => {
    const bytes = buildModel({
      inputs: [{ name: 's', dtype: 'int8', shape: [1, 4] }],
      outputs: [
        { name: 'next', dtype: 'int8', shape: [1, 4] },
        { name: 'y', dtype: 'float32', shape: [4] },
      ],
      initializers: [
        { name: 'scale', tensor: scale(0.5) },
        { name: 'zero', tensor: { dtype: 'int8', shape: [], data: Int8Array.of(-7) } },
        { name: 'four', tensor: int64(4) },
      ],
      nodes: [
        { op: 'Identity', inputs: ['s'], outputs: ['next'] },
        { op: 'Reshape', inputs: ['s', 'four'], outputs: ['flat'] },
        { op: 'DequantizeLinear', inputs: ['flat', 'scale', 'zero'], outputs: ['y'] },
      ],
    });
    expect(check(bytes, ['next=s']).states).toEqual([{ output: 'next', input: 's', initial: -7 }]);
  });

  it.each([
    ['no equals sign', ['ys']],
    ['an output that is not there', ['why=s']],
    ['an input that is not there', ['y=es']],
    ['shapes that differ', ['y=t:0']],
    ['an input bound twice', ['y=s', 'y=s']],
    ['a value that the type does not hold', ['y=s:128']],
    ['a fraction of an integer', ['y=s:0.5']],
  ])('%s is refused', (_, states) => {
    expect(new Set(codesOf(stateful, states))).toEqual(new Set(['NC0207']));
  });
});

it('a parameter that must be constant may be a dequantized constant', () => {
  const parameters = ['scale', 'bias', 'mean', 'variance'];
  const graph = check(
    model(
      [
        ...parameters.map((name) => ({ op: 'DequantizeLinear', inputs: [`${name}_q`, 's', 'z'], outputs: [name] })),
        { op: 'BatchNormalization', inputs: ['x', ...parameters], outputs: ['y'] },
      ],
      {
        s: scale(0.25),
        z: { dtype: 'int8', shape: [], data: Int8Array.of(1) },
        ...Object.fromEntries(
          parameters.map((name) => [`${name}_q`, { dtype: 'int8' as const, shape: [2], data: Int8Array.of(5, 9) }]),
        ),
      },
    ),
  );
  const node = graph.nodes.find(({ op }) => op === 'BatchNormalization')!;
  expect([...graph.values.get(node.inputs[1]!)!.constant!.data]).toEqual([1, 2]);
});

describe('a constant that is made of constants', () => {
  const turned = (rows: number, more: BuilderNode[] = []) =>
    check(
      model(
        [
          { op: 'Transpose', inputs: ['w'], outputs: ['turned'], attributes: { perm: [1, 0] } },
          ...more,
          { op: 'Reshape', inputs: ['x', 'row'], outputs: ['flat'] },
          { op: 'MatMul', inputs: ['flat', more.length === 0 ? 'turned' : 'repeated'], outputs: ['y'] },
        ],
        { w: float([rows, 72]), row: int64(1, 72), twice: int64(1, 2) },
      ),
    );

  it('is known to every operator, however large, where it has no more elements than they', () => {
    const graph = turned(100);
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Reshape', 'MatMul']);
    expect(graph.values.get('turned')!.constant!.shape).toEqual([72, 100]);
  });

  it('is left to the rewrite where it is large and larger than they', () => {
    const repeat: BuilderNode = { op: 'Tile', inputs: ['turned', 'twice'], outputs: ['repeated'] };
    expect(turned(100, [repeat]).nodes.map(({ op }) => op)).toContain('Tile');
  });
});
