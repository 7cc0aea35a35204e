/** The bias of a quantized Conv or MatMul as int32 at the scale of the products, sx * sw. */
import type { Diagnostics } from '../../diagnostics/diagnostic.js';
import type { GraphEditor } from '../../ir/builders.js';
import type { Node, Value } from '../../ir/graph.js';
import { roundHalfEven } from '../../numerics/round.js';
import { dequantizedFrom } from './quantization.js';

/**
 * Quantizers round sx * sw to float32 in their own ways; scales this close are the same scale. ONNX Runtime takes the
 * integers of such a bias as they are, whatever their scale.
 */
const SAME_SCALE = 2 ** -20;

/** Name of the int32 bias, or undefined when there is none: not constant, or a value does not fit 32 bits. */
export function integerBias(
  editor: GraphEditor,
  node: Node,
  name: string,
  x: Value,
  w: Value,
  diagnostics: Diagnostics,
): string | undefined {
  const products = w.quantization!.scale.map((scale) => Math.fround(x.quantization!.scale[0]! * scale));
  const productScale = (channel: number) => products[products.length === 1 ? 0 : channel]!;
  const integer = dequantizedFrom(editor, name);
  const constant = integer?.constant ?? editor.value(name).constant;
  if (constant === undefined) return undefined;
  const scale = integer?.quantization?.scale ?? [1];
  const zeroPoint = integer?.quantization?.zeroPoint ?? [0];
  const at = (list: readonly number[], channel: number) => list[list.length === 1 ? 0 : channel]!;
  const data = new Int32Array(constant.data.length);
  let largest = 0;
  let exact = integer !== undefined;
  for (let channel = 0; channel < data.length; channel += 1) {
    const offset = Number(constant.data[channel]) - at(zeroPoint, channel);
    const ratio = at(scale, channel) / productScale(channel);
    const same = integer !== undefined && (offset === 0 || Math.abs(ratio - 1) <= SAME_SCALE);
    const value = same ? offset : roundHalfEven(offset * ratio);
    if (!Number.isFinite(value) || Math.abs(value) > 0x7fffffff) return undefined;
    if (!same) {
      exact = false;
      largest = Math.max(largest, Math.abs(value - offset * ratio));
    }
    data[channel] = value;
  }
  if (!exact) {
    diagnostics.note({
      code: 'NC0310',
      message: `the bias of ${node.op} is rounded to int32 at the scale of its products`,
      node: `"${node.name}" (${node.op}), input 2 "${name}"`,
      because: `quantized sums are int32; the largest rounding is ${largest.toPrecision(2)} of one step of the sum`,
    });
  }
  const unchanged = integer?.dtype === 'int32' && data.every((value, i) => value === constant.data[i]);
  if (unchanged) return integer.name;
  return editor.addConstant(`${name}_int32`, { dtype: 'int32', shape: constant.shape, data });
}
