import type { GraphEditor } from '../ir/builders.js';
import { powF32 } from '../numerics/float-math.js';
import { defineOp, type NodeView } from './define.js';
import { type BinaryRule, evaluateBinary, floatBinaryCall, isFloat, requireKernelType } from './shared/elementwise.js';
import { replaceByReshape } from './shared/rewrite.js';
import { broadcastShapes } from './shared/shapes.js';

const rule: BinaryRule = { float: powF32, integer: powInteger };

/** Exponents 1, 2 and 1/2 become no operation, Mul and Sqrt; other constant integers up to 32 are multiplied out. */
export default defineOp({
  name: 'Pow',
  domain: '',
  opsets: [7, 12, 13, 15],
  summary:
    'ONNX broadcasting, float32 base, constant exponents of any type; of bytes to a single power: a table of 256 bytes',
  inputs: [{ name: 'X' }, { name: 'Y' }],
  outputs: ['Z'],
  attributes: {},
  quantized: 'float',
  infer: (view) => [inferPow(view)],
  normalize: normalizePow,
  evaluate: (view, [a, b]) => [evaluateBinary(view, a!, b!, rule)],
  kernels: [
    {
      function: 'nanoc_pow_f32',
      family: 'portable',
      when: isFloat,
      build: (context) => ({
        call: floatBinaryCall(
          context,
          'nanoc_pow_f32',
          ['pow', 'exp', 'log'].map((name) => `portable/nanoc_${name}.c`),
        ),
      }),
    },
  ],
});

function inferPow(view: NodeView) {
  const [x, y] = [view.required(0), view.required(1)];
  requireKernelType(view, x, [x, y]);
  if (y.dtype !== x.dtype && y.constant === undefined) {
    view.bad(`the base is ${x.dtype} and the exponent ${y.dtype}`, { expected: 'one type, or a constant exponent' });
  }
  return { dtype: x.dtype, shape: broadcastShapes(view, x.shape, y.shape) };
}

function normalizePow(view: NodeView, editor: GraphEditor): void {
  const { node } = view;
  const [x, y, z] = [view.required(0), view.required(1), view.output(0)];
  if (y.constant === undefined || x.dtype !== 'float32') return;
  const exponents = Array.from(y.constant.data as Float32Array, Number);
  const plain = exponents.length === 1 && z.shape.join() === x.shape.join();
  if (plain && exponents[0] === 1) replaceByReshape(editor, node);
  else if (plain && exponents[0] === 2) editor.replaceNode(node, { ...node, op: 'Mul', inputs: [x.name, x.name] });
  else if (plain && exponents[0] === 0.5) editor.replaceNode(node, { ...node, op: 'Sqrt', inputs: [x.name] });
  else if (y.dtype !== 'float32') {
    const data = Float32Array.from(exponents);
    const float = editor.addConstant(`${y.name}__float`, { dtype: 'float32', shape: y.shape, data });
    editor.replaceNode(node, { ...node, inputs: [x.name, float] });
  }
}

/** Modulo 2^64, whatever the exponent; a power below 1 is 0. */
function powInteger(x: bigint, y: bigint): bigint {
  if (y < 0n) return x === 1n ? 1n : 0n;
  let result = 1n;
  let power = x;
  for (let n = y; n > 0n; n >>= 1n) {
    if ((n & 1n) === 1n) result = BigInt.asIntN(64, result * power);
    power = BigInt.asIntN(64, power * power);
  }
  return result;
}
