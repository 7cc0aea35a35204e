/** Tiny models for tests of passes: named tensors in, the checked graph out, and graphs as one line a node. */
import { Diagnostics } from '../../compiler/diagnostics/diagnostic.js';
import { GraphEditor } from '../../compiler/ir/builders.js';
import { type Graph, valueOf } from '../../compiler/ir/graph.js';
import { allocate, elementCount, integerRange, type Tensor } from '../../compiler/ir/tensor.js';
import { verifyGraph } from '../../compiler/ir/verify.js';
import { importModel } from '../../compiler/phases/1-import/index.js';
import { checkGraph } from '../../compiler/phases/2-check/index.js';
import { attachQuantization } from '../../compiler/phases/3-rewrite/attach-quantization.js';
import { foldConstants } from '../../compiler/phases/3-rewrite/fold-constants.js';
import { normalizeOperators } from '../../compiler/phases/3-rewrite/normalize-operators.js';
import type { Pass } from '../../compiler/phases/3-rewrite/pass.js';
import { evaluateGraph } from '../../compiler/reference/evaluate.js';
import { type BuilderAttribute, type BuilderNode, type BuilderTensor, buildModel } from './onnx-builder.js';
import { Random } from './random.js';

export function tensor(dtype: Tensor['dtype'], shape: readonly number[], ...values: number[]): Tensor {
  const data = allocate(dtype, elementCount(shape));
  for (let i = 0; i < data.length; i += 1) {
    const value = values[i % values.length]!;
    data[i] = (data instanceof BigInt64Array ? BigInt(value) : value) as never;
  }
  return { dtype, shape, data };
}

/** Scale and zero point of bytes. */
export interface Parameters {
  readonly scale: number;
  readonly zero: number;
  /** int8 if absent. */
  readonly dtype?: 'int8' | 'uint8';
}

export class ModelSketch {
  private readonly inputs: BuilderTensor[] = [];
  private readonly outputs: BuilderTensor[] = [];
  private readonly initializers: { name: string; tensor: Tensor }[] = [];
  private readonly nodes: BuilderNode[] = [];

  constructor(private readonly opset = 17) {}

  input(name: string, dtype: Tensor['dtype'], ...shape: number[]): string {
    this.inputs.push({ name, dtype, shape });
    return name;
  }

  output(name: string, dtype: Tensor['dtype'], ...shape: number[]): this {
    this.outputs.push({ name, dtype, shape });
    return this;
  }

  constant(name: string, value: Tensor): string {
    this.initializers.push({ name, tensor: value });
    return name;
  }

  /** A node with one output, whose name it returns. */
  node(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, BuilderAttribute>> = {},
  ): string {
    this.nodeWithOutputs(op, inputs, [output], attributes);
    return output;
  }

  nodeWithOutputs(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, BuilderAttribute>> = {},
  ): void {
    this.nodes.push({ op, name: `${op}:${outputs[0]}`, inputs, outputs, attributes });
  }

  /** DequantizeLinear; by default its result is called `<from>_f`. */
  dequantize(from: string, parameters: Parameters, output = `${from}_f`): string {
    return this.node('DequantizeLinear', [from, ...this.parameters(output, parameters)], output);
  }

  /** QuantizeLinear of a float into `output`. */
  quantize(from: string, output: string, parameters: Parameters): string {
    return this.node('QuantizeLinear', [from, ...this.parameters(output, parameters)], output);
  }

  private parameters(stem: string, { scale, zero, dtype = 'int8' }: Parameters): [string, string] {
    return [
      this.constant(`${stem}.scale`, tensor('float32', [], scale)),
      this.constant(`${stem}.zero`, tensor(dtype, [], zero)),
    ];
  }

  /** The ONNX file. */
  bytes(): Uint8Array {
    const { opset, inputs, outputs, initializers, nodes } = this;
    return buildModel({ opset, inputs, outputs, initializers, nodes });
  }

  /** The graph after 2-check. */
  checked(): Graph {
    const diagnostics = new Diagnostics();
    const graph = checkGraph(importModel(this.bytes(), { name: 'm' }, diagnostics), diagnostics);
    diagnostics.throwIfErrors();
    return graph;
  }

  /** The graph as later passes get it: canonical operators, scales on the values. */
  canonical(): Graph {
    return apply(this.checked(), foldConstants, normalizeOperators, foldConstants, attachQuantization);
  }
}

/** Runs passes one after the other and checks the invariants after each. */
export function apply(graph: Graph, ...passes: readonly Pass[]): Graph {
  return applyWith(new Diagnostics(), graph, ...passes);
}

export function applyWith(diagnostics: Diagnostics, graph: Graph, ...passes: readonly Pass[]): Graph {
  return passes.reduce((before, pass) => {
    const editor = new GraphEditor(before);
    pass.run(editor, diagnostics);
    diagnostics.throwIfErrors();
    const after = editor.finish();
    verifyGraph(after, pass.name);
    return after;
  }, graph);
}

/** One line a node: `y = Conv(x, #, #)`; # is a constant. */
export function sketch(graph: Graph): string[] {
  const text = (name: string) => (name === '' ? '_' : valueOf(graph, name).constant === undefined ? name : '#');
  return graph.nodes.map((node) => `${node.outputs.join(', ')} = ${node.op}(${node.inputs.map(text).join(', ')})`);
}

/** Random inputs, and ones at both limits. */
export function inputsFor(graph: Graph, seed = 1): ReadonlyMap<string, Tensor>[] {
  const random = new Random(seed);
  const fills: ((low: number, high: number) => number)[] = [
    (low, high) => low + Math.floor(random.next() * (high - low + 1)),
    (low, high) => random.pick([low, high]),
  ];
  return fills.map((fill) => {
    const tensors = graph.inputs.map((name): [string, Tensor] => {
      const { dtype, shape } = valueOf(graph, name);
      const [low, high] = dtype === 'float32' ? [-6, 6] : integerRange(dtype as 'int8');
      const data = allocate(dtype, elementCount(shape)) as Float32Array;
      return [name, { dtype, shape, data: data.map(() => fill(low, high)) }];
    });
    return new Map(tensors);
  });
}

/** Every output of the graph, for inputs that `inputsFor` makes. */
export function results(graph: Graph, seed = 1): (readonly number[])[] {
  return inputsFor(graph, seed).flatMap((inputs) => {
    const values = evaluateGraph(graph, inputs);
    return graph.outputs.map((name) => Array.from(values.get(name)!.data, Number));
  });
}
