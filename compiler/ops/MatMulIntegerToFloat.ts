import { elementCount } from '../ir/tensor.js';
import { defineOp, type KernelOption, type NodeView } from './define.js';
import { integerSums, type ProductShape, productCall, productShape } from './shared/integer-product.js';

const f = Math.fround;
const [A, B, A_SCALE, B_SCALE, A_ZERO, B_ZERO, BIAS] = [0, 1, 2, 3, 4, 5, 6];

/**
 * com.microsoft.MatMulIntegerToFloat: Y = float32(sum of (A - a_zero_point) * (B - b_zero_point)) * float32(a_scale * b_scale) + bias. nanoc makes it of
 * MatMulInteger, Cast and Mul (fuse-integer-products).
 */
export default defineOp({
  name: 'MatMulIntegerToFloat',
  domain: 'com.microsoft',
  opsets: [1],
  summary:
    'constant B of two dimensions, with scales and zero points for it or each column; those of A are known at run time',
  inputs: [
    { name: 'A' },
    { name: 'B', mustBeConstant: true },
    { name: 'a_scale', isDynamic: true },
    { name: 'b_scale', isDynamic: true, mustBeConstant: true },
    { name: 'a_zero_point', isDynamic: true, optional: true },
    { name: 'b_zero_point', isDynamic: true, optional: true, mustBeConstant: true },
    { name: 'bias', optional: true, mustBeConstant: true },
  ],
  outputs: ['Y'],
  attributes: {},
  quantized: 'float',
  infer(view) {
    const { columns } = shapeOf(view);
    for (const [index, counts] of [
      [A_SCALE, [1]],
      [B_SCALE, [1, columns]],
      [BIAS, [columns]],
    ] as const) {
      const value = view.input(index);
      if (value === undefined) continue;
      if (value.dtype !== 'float32' || !(counts as readonly number[]).includes(elementCount(value.shape)))
        view.bad(`"${value.name}" is ${value.dtype}[${value.shape}]`, {
          expected: `${counts.join(' or ')} of float32`,
        });
    }
    return [{ dtype: 'float32', shape: [...view.required(A).shape.slice(0, -1), columns] }];
  },
  evaluate(view, [a, b, aScale, bScale, zero, zeros, bias]) {
    const { dtype, shape } = view.output(0);
    const product = shapeOf(view);
    const scales = bScale!.data as Float32Array;
    const data = Float32Array.from(integerSums(product, a!, zero, b!, zeros), (sum, i) => {
      const c = i % product.columns;
      const scale = f(Number(aScale!.data[0]) * scales[scales.length === 1 ? 0 : c]!);
      const y = f(f(sum) * scale);
      return bias === undefined ? y : f(y + Number(bias.data[c]));
    });
    return [{ dtype, shape, data }];
  },
  kernels: [
    kernel('nanoc_integer_product_dsp', 'arm-dsp', ['dsp', 'fpu']),
    kernel('nanoc_integer_product_f32', 'portable'),
  ],
});

function kernel(name: string, folder: 'portable' | 'arm-dsp', needs: KernelOption['needs'] = []): KernelOption {
  return {
    function: name,
    family: folder === 'portable' ? 'portable' : 'native',
    needs,
    build: (context) => ({
      call: productCall(context, shapeOf(context), {
        ...{ function: name, folder, a: A, b: B, zero: A_ZERO, zeros: B_ZERO },
        scales: { a: A_SCALE, b: B_SCALE, bias: BIAS },
      }),
    }),
  };
}

function shapeOf(view: NodeView): ProductShape {
  return productShape(view, [A, B, A_ZERO, B_ZERO]);
}
