import { describe, expect, it } from 'vitest';
import type { BuilderModel } from '../../../test/support/onnx-builder.js';
import { compileCase, type OperatorCase, runKernels, runOnnx } from '../../../test/support/operator-case.js';
import { Random } from '../../../test/support/random.js';
import type { Tensor } from '../../ir/tensor.js';

const ROWS = 9;
const COLUMNS = 8;
const random = new Random(23);

interface Form {
  readonly dtype: 'int8' | 'uint8';
  readonly zeros: boolean;
  readonly axis: number;
}

/** A table with a scale for each row that is read twice: by Gather, and turned, as output weights. */
function caseOf({ dtype, zeros, axis }: Form, isTied: boolean): OperatorCase {
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => random.integer(0, 255));
  const typed = (shape: readonly number[]): Tensor => {
    const data = bytes(shape.reduce((a, b) => a * b, 1));
    return { dtype, shape, data: dtype === 'int8' ? new Int8Array(data.buffer) : data };
  };
  const scale = Float32Array.from({ length: ROWS }, () => 0.01 + random.next() / 10);
  const model: BuilderModel = {
    opset: 17,
    inputs: [{ name: 'i', dtype: 'int64', shape: [2] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: [2, isTied ? ROWS : COLUMNS] }],
    initializers: [
      { name: 'w', tensor: typed([ROWS, COLUMNS]) },
      { name: 'scale', tensor: { dtype: 'float32', shape: [ROWS], data: scale } },
      ...(zeros ? [{ name: 'zero', tensor: typed([ROWS]) }] : []),
    ],
    nodes: [
      {
        op: 'DequantizeLinear',
        inputs: ['w', 'scale', ...(zeros ? ['zero'] : [])],
        outputs: ['table'],
        attributes: { axis },
      },
      { op: 'Gather', inputs: ['table', 'i'], outputs: [isTied ? 'x' : 'y'] },
      ...(isTied
        ? [
            { op: 'Transpose', inputs: ['table'], outputs: ['turned'], attributes: { perm: [1, 0] } },
            { op: 'MatMul', inputs: ['x', 'turned'], outputs: ['y'] },
          ]
        : []),
    ],
  };
  const i: Tensor = { dtype: 'int64', shape: [2], data: BigInt64Array.of(8n, -3n) };
  return { name: JSON.stringify({ dtype, zeros, axis, isTied }), model, inputs: { i } };
}

const forms: readonly Form[] = [
  { dtype: 'int8', zeros: false, axis: 0 },
  { dtype: 'int8', zeros: true, axis: -2 },
  { dtype: 'uint8', zeros: true, axis: 0 },
  { dtype: 'uint8', zeros: false, axis: 0 },
];

describe('gather-rows', () => {
  it('rows are dequantized as they are read: ONNX Runtime and the kernel', async () => {
    const cases = forms.map((form) => compileCase(caseOf(form, false)));
    for (const item of cases) {
      expect(item.expected.get('y')!.data, item.name).toEqual((await runOnnx(item)).get('y')!.data);
      expect(item.program.calls.map((call) => call.function)).toEqual(['nanoc_gather_blocks']);
    }
    await runKernels(cases);
  });

  it('a table that is output weights too', async () => {
    const item = compileCase(caseOf(forms[0]!, true));
    const onnx = (await runOnnx(item)).get('y')!.data as Float32Array;
    (item.expected.get('y')!.data as Float32Array).forEach((value, i) => {
      // Eight products of numbers up to 14, added in another order.
      expect(Math.abs(value - onnx[i]!)).toBeLessThan(1e-3);
    });
    await runKernels([item]);
  });
});
