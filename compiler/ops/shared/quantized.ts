/** What operators ask of quantized values. */
import type { Value } from '../../ir/graph.js';
import { allocate, integerRange, type Tensor, type TensorData } from '../../ir/tensor.js';
import type { Law } from '../../numerics/law.js';
import { dequantize, quantize } from '../../numerics/requantize.js';
import type { NodeView } from '../define.js';

/** Scale and zero point of a value that has one of each. */
export interface PerTensor {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly low: number;
  readonly high: number;
}

export function isQuantized(value: Value | undefined): boolean {
  return value?.quantization !== undefined && value.dtype !== 'float32';
}

export function perTensor(value: Value): PerTensor {
  const quantization = value.quantization;
  if (quantization === undefined || quantization.scale.length !== 1) {
    throw new Error(`invariant: "${value.name}" is not quantized per tensor`);
  }
  const [low, high] = integerRange(value.dtype as 'int8');
  return { scale: quantization.scale[0]!, zeroPoint: quantization.zeroPoint[0]!, low, high };
}

/** The attribute `clamp` in quantized units, by default the range of the type. */
export function clampOf(view: NodeView, value: Value): readonly [number, number] {
  const clamp = view.node.attributes.clamp as readonly [number, number] | undefined;
  return clamp ?? integerRange(value.dtype as 'int8');
}

/** The attribute `clamp` in real numbers; undefined when there is none. */
export function floatClampOf(view: NodeView): readonly [number, number] | undefined {
  return view.node.attributes.clamp as readonly [number, number] | undefined;
}

/** An elementwise function of real numbers on quantized data: Q(f(DQ(x))), by a table of all 256 bytes where there are that many. */
export function mapQuantized(
  x: Tensor,
  from: PerTensor,
  to: PerTensor,
  dtype: Tensor['dtype'],
  fn: (real: number) => number,
): Tensor {
  const known = new Map<number, number>();
  const data = allocate(dtype, x.data.length) as Int8Array;
  const input = x.data as Int8Array;
  for (let i = 0; i < data.length; i += 1) {
    const q = input[i]!;
    let y = known.get(q);
    if (y === undefined) {
      y = quantize(fn(dequantize(q, from.scale, from.zeroPoint)), to.scale, to.zeroPoint, to.low, to.high);
      known.set(q, y);
    }
    data[i] = y;
  }
  return { dtype, shape: x.shape, data };
}

/** The attribute `law`: the arithmetic of the vendor's kernel that runs this node; undefined is ONNX's. */
export function lawOf(view: NodeView): Law | undefined {
  return view.node.attributes.law as Law | undefined;
}

/** Result tensor of an output with this data. */
export function resultOf(view: NodeView, data: TensorData, index = 0): Tensor {
  const { dtype, shape } = view.output(index);
  return { dtype, shape, data };
}
