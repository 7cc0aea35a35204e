import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { type BuilderModel, buildModel, tensorProto } from '../../../test/support/onnx-builder.js';
import { CompileError, Diagnostics } from '../../diagnostics/diagnostic.js';
import type { Graph } from '../../ir/graph.js';
import { type ImportOptions, importModel } from './index.js';

const { onnx } = onnxProto;
type ModelProto = onnxProto.onnx.IModelProto;

const relu: BuilderModel = {
  inputs: [{ name: 'x', dtype: 'float32', shape: [1, 4] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: [1, 4] }],
  nodes: [{ op: 'Relu', name: 'act', inputs: ['x'], outputs: ['y'] }],
};

/** The bytes of a model with its protobuf changed. */
function changed(model: BuilderModel, change: (proto: onnxProto.onnx.ModelProto) => void): Uint8Array {
  const proto = onnx.ModelProto.decode(buildModel(model));
  change(proto);
  return onnx.ModelProto.encode(proto as ModelProto).finish();
}

function load(bytes: Uint8Array, options: Partial<ImportOptions> = {}): { graph: Graph; codes: string[] } {
  const diagnostics = new Diagnostics();
  const graph = importModel(bytes, { name: 'm', ...options }, diagnostics);
  diagnostics.throwIfErrors();
  return { graph, codes: diagnostics.list.map(({ code }) => code) };
}

/** Codes of the errors that importing gives. */
function errorsOf(bytes: Uint8Array, options: Partial<ImportOptions> = {}): string[] {
  try {
    load(bytes, options);
    return [];
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code);
  }
}

describe('importing a model', () => {
  it('keeps the names, types and shapes of ONNX', () => {
    const { graph, codes } = load(buildModel(relu));
    expect(codes).toEqual([]);
    expect(graph.inputs).toEqual(['x']);
    expect(graph.outputs).toEqual(['y']);
    expect(graph.values.get('x')).toEqual({ name: 'x', dtype: 'float32', shape: [1, 4], source: { name: 'x' } });
    expect(graph.nodes).toEqual([
      { name: 'act', op: 'Relu', domain: '', inputs: ['x'], outputs: ['y'], attributes: {} },
    ]);
    expect(graph.opsets.get('')).toBe(17);
  });

  it.each([
    [10, ['NC0111']],
    [11, []],
    [24, []],
    [25, ['NC0111']],
  ])('opset %i gives %j', (opset, codes) => {
    expect(errorsOf(buildModel({ ...relu, opset }))).toEqual(codes);
  });

  it('takes ai.onnx for the empty domain', () => {
    const bytes = changed(relu, (proto) => {
      proto.opsetImport[0]!.domain = 'ai.onnx';
      proto.graph!.node![0]!.domain = 'ai.onnx';
    });
    expect(load(bytes).graph.nodes[0]!.domain).toBe('');
  });

  it('names nodes that have no name, each once', () => {
    const nodes = ['a', 'b', 'y'].map((output, i) => ({
      op: 'Relu',
      name: i === 2 ? '' : 'act',
      inputs: ['x'],
      outputs: [output],
    }));
    expect(load(buildModel({ ...relu, nodes })).graph.nodes.map(({ name }) => name)).toEqual([
      'act',
      'act_1',
      'Relu_y',
    ]);
  });

  it('reads attributes of every kind', () => {
    const attributes = { i: -3, f: { float: 0.5 }, s: 'same', is: [1, -2], fs: { floats: [1.5, 2] } };
    const tensor = { dtype: 'int8' as const, shape: [2], data: Int8Array.of(-1, 2) };
    const bytes = buildModel({
      ...relu,
      nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'], attributes: { ...attributes, t: tensor } }],
    });
    expect(load(bytes).graph.nodes[0]!.attributes).toEqual({
      i: -3,
      f: 0.5,
      s: 'same',
      is: [1, -2],
      fs: [1.5, 2],
      t: tensor,
    });
  });

  it('tells attribute kinds by the field that is set where the type is missing (IR version 1)', () => {
    const bytes = changed(
      {
        ...relu,
        nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'], attributes: { i: 7, f: { float: 2 }, s: 'x', is: [4] } }],
      },
      (proto) => {
        for (const attribute of proto.graph!.node![0]!.attribute!) attribute.type = 0;
      },
    );
    expect(load(bytes).graph.nodes[0]!.attributes).toEqual({ i: 7, f: 2, s: 'x', is: [4] });
  });

  it('turns Constant nodes into values', () => {
    const constants: BuilderModel['nodes'] = [
      { op: 'Constant', inputs: [], outputs: ['i'], attributes: { value_int: 5 } },
      { op: 'Constant', inputs: [], outputs: ['is'], attributes: { value_ints: [1, -1] } },
      { op: 'Constant', inputs: [], outputs: ['f'], attributes: { value_float: { float: 0.25 } } },
      { op: 'Constant', inputs: [], outputs: ['fs'], attributes: { value_floats: { floats: [1, 2] } } },
    ];
    const { graph } = load(buildModel({ ...relu, nodes: [...constants, ...relu.nodes] }));
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Relu']);
    expect(graph.values.get('i')!.constant).toEqual({ dtype: 'int64', shape: [], data: BigInt64Array.of(5n) });
    expect(graph.values.get('is')!.constant).toEqual({ dtype: 'int64', shape: [2], data: BigInt64Array.of(1n, -1n) });
    expect(graph.values.get('f')!.constant).toEqual({ dtype: 'float32', shape: [], data: Float32Array.of(0.25) });
    expect(graph.values.get('fs')!.constant).toEqual({ dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) });
  });

  it('keeps the meaning of INT64_MAX, "to the end"', () => {
    const bytes = changed(
      {
        ...relu,
        nodes: [{ op: 'Constant', inputs: [], outputs: ['ends'], attributes: { value_ints: [1] } }, ...relu.nodes],
      },
      (proto) => {
        proto.graph!.node![0]!.attribute![0]!.ints = ['9223372036854775807', '-9223372036854775808'] as never;
      },
    );
    expect(load(bytes).graph.values.get('ends')!.constant!.data).toEqual(
      BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n)),
    );
  });
});

describe('symbolic dimensions', () => {
  const symbolic = (...shape: (number | string)[]): BuilderModel => ({
    ...relu,
    inputs: [{ name: 'x', dtype: 'float32', shape }],
  });

  it('takes a lone batch dimension as 1 and says so', () => {
    const { graph, codes } = load(buildModel(symbolic('batch', 4)));
    expect(graph.values.get('x')!.shape).toEqual([1, 4]);
    expect(codes).toEqual(['NC0110']);
  });

  it('takes an unnamed batch dimension as 1', () => {
    const bytes = changed(symbolic(3, 4), (proto) => {
      proto.graph!.input![0]!.type!.tensorType!.shape!.dim![0] = {};
    });
    const { graph, codes } = load(bytes);
    expect([graph.values.get('x')!.shape, codes]).toEqual([[1, 4], ['NC0110']]);
  });

  it('takes sizes from --dim', () => {
    const { graph, codes } = load(buildModel(symbolic('batch', 'time')), { dims: { batch: 2, time: 49 } });
    expect([graph.values.get('x')!.shape, codes]).toEqual([[2, 49], []]);
  });

  it('wants a size for every other dimension', () => {
    expect(errorsOf(buildModel(symbolic('batch', 'time')))).toEqual(['NC0107']);
    expect(load(buildModel(symbolic('batch', 'time')), { dims: { time: 3 } }).graph.values.get('x')!.shape).toEqual([
      1, 3,
    ]);
  });

  it('refuses names that the model does not have', () => {
    expect(errorsOf(buildModel(symbolic('batch', 4)), { dims: { bach: 1 } })).toEqual(['NC0107']);
  });

  it('is not confused by names of Object.prototype', () => {
    expect(load(buildModel(symbolic('constructor', 4))).graph.values.get('x')!.shape).toEqual([1, 4]);
  });

  it.each([-1, 2 ** 53])('refuses a dimension of %d', (size) => {
    expect(errorsOf(buildModel(symbolic(1, size)))).toEqual(['NC0107']);
  });

  it('refuses an input without a shape', () => {
    const bytes = changed(relu, (proto) => {
      proto.graph!.input![0]!.type!.tensorType!.shape = null;
    });
    expect(errorsOf(bytes)).toEqual(['NC0107']);
  });
});

describe('models that are no models', () => {
  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'NC0101'],
    ['text', new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\n'), 'NC0101'],
    ['a model without a graph', onnx.ModelProto.encode({ irVersion: 8 }).finish(), 'NC0101'],
    ['no nodes', buildModel({ ...relu, nodes: [] }), 'NC0102'],
    ['no outputs', buildModel({ ...relu, outputs: [] }), 'NC0102'],
    ['a value written twice', buildModel({ ...relu, nodes: [...relu.nodes, ...relu.nodes] }), 'NC0112'],
    [
      'a node that writes an input',
      buildModel({ ...relu, nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['x'] }] }),
      'NC0112',
    ],
    ['an output listed twice', buildModel({ ...relu, outputs: [...relu.outputs, ...relu.outputs] }), 'NC0112'],
    ['two inputs of one name', buildModel({ ...relu, inputs: [...relu.inputs, ...relu.inputs] }), 'NC0112'],
    [
      'an input of strings',
      changed(relu, (proto) => (proto.graph!.input![0]!.type!.tensorType!.elemType = 8)),
      'NC0104',
    ],
    [
      'a subgraph',
      changed(relu, (proto) => (proto.graph!.node![0]!.attribute = [{ name: 'then_branch', type: 5, g: {} }])),
      'NC0108',
    ],
    ['a sparse initializer', changed(relu, (proto) => (proto.graph!.sparseInitializer = [{}])), 'NC0108'],
    [
      'a Constant that holds a string',
      buildModel({
        ...relu,
        nodes: [{ op: 'Constant', inputs: [], outputs: ['y'], attributes: { value_string: 'x' } }],
      }),
      'NC0104',
    ],
  ])('%s', (_, bytes, code) => {
    expect(errorsOf(bytes)).toEqual([code]);
  });

  it.each<[string, Partial<BuilderModel>]>([
    ['an operator', { nodes: [{ op: 'Relu\u001b[2J', inputs: ['x'], outputs: ['y'] }] }],
    ['a node', { nodes: [{ ...relu.nodes[0]!, name: 'a\nb' }] }],
    ['a value', { nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y\u0000'] }] }],
    ['an input', { inputs: [{ name: 'x\u009b', dtype: 'float32', shape: [1] }] }],
    ['a dimension', { inputs: [{ name: 'x', dtype: 'float32', shape: ['\u0007'] }] }],
    ['an attribute', { nodes: [{ ...relu.nodes[0]!, attributes: { 'a\u2028': 1 } }] }],
  ])('control characters in the name of %s', (_, change) => {
    expect(errorsOf(buildModel({ ...relu, ...change }))).toEqual(['NC0113']);
  });

  it('ignores a Constant without outputs', () => {
    const nodes: BuilderModel['nodes'] = [
      { op: 'Constant', inputs: [], outputs: [], attributes: { value_int: 1 } },
      ...relu.nodes,
    ];
    expect([...load(buildModel({ ...relu, nodes })).graph.values.keys()]).toEqual(['x']);
  });
});

describe('local functions', () => {
  /** `twice(a) = step(step(a))`, `step(a) = Relu(a)` with attribute `alpha` passed through. */
  const withFunctions = (change: (proto: onnxProto.onnx.ModelProto) => void = () => {}) =>
    changed(
      {
        ...relu,
        nodes: [
          { op: 'twice', domain: 'local', name: 'call', inputs: ['x'], outputs: ['y'], attributes: { slope: 3 } },
        ],
      },
      (proto) => {
        proto.functions = [
          {
            name: 'twice',
            domain: 'local',
            input: ['a'],
            output: ['c'],
            attribute: ['slope'],
            node: [
              { opType: 'step', domain: 'local', name: 's', input: ['a'], output: ['b'] },
              {
                opType: 'LeakyRelu',
                name: 'l',
                input: ['b'],
                output: ['c'],
                attribute: [{ name: 'alpha', refAttrName: 'slope', type: 2 }],
              },
            ],
          },
          {
            name: 'step',
            domain: 'local',
            input: ['a'],
            output: ['r'],
            node: [{ opType: 'Relu', input: ['a'], output: ['r'] }],
          },
        ];
        change(proto);
      },
    );

  it('are replaced by their bodies, with names that are unique and attributes passed on', () => {
    const { graph } = load(withFunctions());
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Relu', 'LeakyRelu']);
    const [first, second] = graph.nodes as [Graph['nodes'][number], Graph['nodes'][number]];
    expect(first.inputs).toEqual(['x']);
    expect(second.inputs).toEqual(first.outputs);
    expect(second.outputs).toEqual(['y']);
    expect(second.attributes).toEqual({ alpha: 3 });
    expect(new Set(graph.nodes.map(({ name }) => name)).size).toBe(2);
  });

  it('that call themselves are refused', () => {
    const bytes = withFunctions((proto) => {
      proto.functions![1]!.node![0]!.opType = 'twice';
      proto.functions![1]!.node![0]!.domain = 'local';
    });
    expect(errorsOf(bytes)).toEqual(['NC0109']);
  });

  it('that multiply to absurd numbers of nodes are refused', () => {
    const bytes = withFunctions((proto) => {
      const names = Array.from({ length: 24 }, (_, i) => `f${i}`);
      proto.functions = names.map((name, i) => ({
        name,
        domain: 'local',
        input: ['a'],
        output: ['b'],
        node: Array.from({ length: 4 }, () => ({
          opType: names[i + 1] ?? 'Relu',
          domain: i < 23 ? 'local' : '',
          input: ['a'],
          output: ['b'],
        })),
      }));
      proto.graph!.node![0]!.opType = 'f0';
    });
    expect(errorsOf(bytes)).toEqual(['NC0109']);
  });

  it('with huge bodies called often are refused', () => {
    const bytes = withFunctions((proto) => {
      const body = Array.from({ length: 4000 }, (_, i) => ({ opType: 'Relu', input: ['a'], output: [`b${i}`] }));
      proto.functions = [{ name: 'big', domain: 'local', input: ['a'], output: ['b0'], node: body }];
      proto.graph!.node = Array.from({ length: 4000 }, (_, i) => ({
        opType: 'big',
        domain: 'local',
        input: ['x'],
        output: [`y${i}`],
      }));
    });
    expect(errorsOf(bytes)).toEqual(['NC0109']);
  });
});

describe('initializers', () => {
  const withInitializer = (proto: onnxProto.onnx.ITensorProto, copies = 1): Uint8Array =>
    changed(relu, (model) => {
      model.graph!.initializer = Array.from({ length: copies }, () => proto);
    });

  it('may be listed as inputs too (before IR version 4)', () => {
    const bytes = changed(
      { ...relu, inputs: [...relu.inputs, { name: 'w', dtype: 'float32', shape: [1] }] },
      (proto) => {
        proto.graph!.initializer = [tensorProto('w', { dtype: 'float32', shape: [1], data: Float32Array.of(1) })];
      },
    );
    expect(load(bytes).graph.inputs).toEqual(['x']);
  });

  it.each<[string, onnxProto.onnx.ITensorProto, string]>([
    ['too little data', { name: 'w', dataType: 1, dims: [2], rawData: new Uint8Array(7) }, 'NC0103'],
    ['no data', { name: 'w', dataType: 3, dims: [2] }, 'NC0103'],
    ['a negative dimension', { name: 'w', dataType: 3, dims: [-1], rawData: new Uint8Array(1) }, 'NC0103'],
    ['a string tensor', { name: 'w', dataType: 8, dims: [1], stringData: [new Uint8Array(1)] }, 'NC0104'],
    ['2^40 elements', { name: 'w', dataType: 3, dims: [2 ** 40] }, 'NC0105'],
    ['a product of dimensions that overflows', { name: 'w', dataType: 3, dims: Array(40).fill(2 ** 52) }, 'NC0105'],
    ['infinity times zero elements', { name: 'w', dataType: 3, dims: [...Array(40).fill(2 ** 52), 0] }, 'NC0103'],
    ['int8 data that is no int8', { name: 'w', dataType: 3, dims: [2], int32Data: [1, 300] }, 'NC0103'],
    ['no name', { name: '', dataType: 3, dims: [1], rawData: new Uint8Array(1) }, 'NC0112'],
  ])('with %s are refused', (_, proto, code) => {
    expect(errorsOf(withInitializer(proto))).toEqual([code]);
  });

  it('of the same name twice are refused', () => {
    expect(errorsOf(withInitializer({ name: 'w', dataType: 3, dims: [1], rawData: new Uint8Array(1) }, 2))).toEqual([
      'NC0112',
    ]);
  });

  it('are all checked: every fault is listed', () => {
    const bytes = changed(relu, (model) => {
      model.graph!.initializer = [
        { name: 'a', dataType: 3, dims: [2] },
        { name: 'b', dataType: 8, dims: [2] },
      ];
    });
    expect(errorsOf(bytes)).toEqual(['NC0103', 'NC0104']);
  });
});
