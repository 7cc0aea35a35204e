/** Models of one elementwise operator, in float32 and between DequantizeLinear and QuantizeLinear, with random inputs. */
import { allocate, type DataType, elementCount, integerRange, type Tensor } from '../../compiler/ir/tensor.js';
import type { BuilderAttribute, BuilderNode } from './onnx-builder.js';
import type { OperatorCase } from './operator-case.js';
import type { Random } from './random.js';

export interface Quantized {
  readonly dtype: 'int8' | 'uint8';
  readonly shape: readonly number[];
  readonly scale: number;
  readonly zeroPoint: number;
  /** Elements of the input; random bytes when absent. */
  readonly data?: ArrayLike<number>;
}

export interface OperatorSpec {
  readonly op: string;
  readonly domain?: string;
  readonly opset?: number;
  readonly attributes?: Readonly<Record<string, BuilderAttribute>>;
  /** Constant inputs after the data inputs. */
  readonly constants?: readonly Tensor[];
}

export function tensorOf(dtype: DataType, shape: readonly number[], elements: ArrayLike<number>): Tensor {
  const data = allocate(dtype, elementCount(shape)) as Float32Array;
  data.set(dtype === 'int64' ? (Array.from(elements, BigInt) as unknown as number[]) : Array.from(elements));
  return { dtype, shape, data };
}

/** A float tensor of numbers up to `reach` in magnitude. */
export function randomFloats(random: Random, shape: readonly number[], reach: number): Tensor {
  return tensorOf(
    'float32',
    shape,
    Array.from({ length: elementCount(shape) }, () => (2 * random.next() - 1) * reach),
  );
}

function randomBytes(random: Random, { dtype, shape, data }: Quantized): Tensor {
  const [low, high] = integerRange(dtype);
  return tensorOf(dtype, shape, data ?? Array.from({ length: elementCount(shape) }, () => random.integer(low, high)));
}

/** The operator on float inputs. */
export function floatCase(
  name: string,
  spec: OperatorSpec,
  inputs: readonly Tensor[],
  shape: readonly number[],
): OperatorCase {
  const names = inputs.map((_, i) => `x${i}`);
  const constants = (spec.constants ?? []).map((tensor, i) => ({ name: `constant${i}`, tensor }));
  return {
    name,
    model: {
      opset: spec.opset ?? 17,
      inputs: inputs.map((tensor, i) => ({ name: names[i]!, dtype: tensor.dtype, shape: tensor.shape })),
      outputs: [{ name: 'y', dtype: 'float32', shape }],
      initializers: constants,
      nodes: [operatorNode(spec, [...names, ...constants.map((constant) => constant.name)], 'y')],
    },
    inputs: Object.fromEntries(inputs.map((tensor, i) => [names[i]!, tensor])),
  };
}

function operatorNode(spec: OperatorSpec, inputs: readonly string[], output: string): BuilderNode {
  const { op, domain, attributes } = spec;
  return {
    name: op,
    op,
    inputs,
    outputs: [output],
    ...(domain === undefined ? {} : { domain }),
    ...(attributes === undefined ? {} : { attributes }),
  };
}

/** DequantizeLinear -> operator -> QuantizeLinear, with `after` (a Relu, say) before the QuantizeLinear. */
export function qdqCase(
  name: string,
  spec: OperatorSpec,
  inputs: readonly Quantized[],
  output: Quantized,
  random: Random,
  after?: OperatorSpec,
): OperatorCase {
  const initializers = (spec.constants ?? []).map((tensor, i) => ({ name: `constant${i}`, tensor }));
  const constants = initializers.map((constant) => constant.name);
  const parameters = (stem: string, { dtype, scale, zeroPoint }: Quantized): string[] => {
    initializers.push({ name: `${stem}_scale`, tensor: tensorOf('float32', [], [scale]) });
    initializers.push({ name: `${stem}_zero`, tensor: tensorOf(dtype, [], [zeroPoint]) });
    return [`${stem}_scale`, `${stem}_zero`];
  };
  const nodes: BuilderNode[] = inputs.map((input, i) => ({
    name: `dequantize${i}`,
    op: 'DequantizeLinear',
    inputs: [`x${i}`, ...parameters(`x${i}`, input)],
    outputs: [`real${i}`],
  }));
  nodes.push(operatorNode(spec, [...inputs.map((_, i) => `real${i}`), ...constants], 'result'));
  if (after !== undefined) nodes.push(operatorNode(after, ['result'], 'activated'));
  const real = after === undefined ? 'result' : 'activated';
  nodes.push({ name: 'quantize', op: 'QuantizeLinear', inputs: [real, ...parameters('y', output)], outputs: ['y'] });
  return {
    name,
    model: {
      opset: spec.opset ?? 17,
      inputs: inputs.map(({ dtype, shape }, i) => ({ name: `x${i}`, dtype, shape })),
      outputs: [{ name: 'y', dtype: output.dtype, shape: output.shape }],
      initializers,
      nodes,
    },
    inputs: Object.fromEntries(inputs.map((input, i) => [`x${i}`, randomBytes(random, input)])),
  };
}

/** Distances between two integer results: how many differ, and by how much at most. */
export function distance(a: Tensor, b: Tensor): { differing: number; largest: number } {
  let differing = 0;
  let largest = 0;
  for (let i = 0; i < a.data.length; i += 1) {
    const gap = Math.abs(Number(a.data[i]) - Number(b.data[i]));
    if (gap > 0) differing += 1;
    largest = Math.max(largest, gap);
  }
  return { differing, largest };
}
