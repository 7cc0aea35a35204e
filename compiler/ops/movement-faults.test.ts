/** Nodes that are at fault: each is refused with a diagnostic that names the fault. */
import { describe, expect, it } from 'vitest';
import { type BuilderAttribute, buildModel } from '../../test/support/onnx-builder.js';
import { Diagnostics } from '../diagnostics/diagnostic.js';
import type { Tensor } from '../ir/tensor.js';
import { importModel } from '../phases/1-import/index.js';
import { checkGraph } from '../phases/2-check/index.js';

const ints = (...values: number[]): Tensor => ({
  dtype: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

interface Fault {
  readonly op: string;
  readonly shape: readonly number[];
  readonly constants?: readonly Tensor[];
  readonly attributes?: Readonly<Record<string, BuilderAttribute>>;
  readonly outputs?: readonly string[];
  readonly says: string;
}

function messages({ op, shape, constants = [], attributes = {}, outputs = ['y'] }: Fault): string[] {
  const bytes = buildModel({
    opset: 18,
    inputs: [{ name: 'x', dtype: 'float32', shape }],
    outputs: outputs.map((name) => ({ name, dtype: 'float32', shape: [] })),
    initializers: constants.map((tensor, i) => ({ name: `c${i}`, tensor })),
    nodes: [{ op, inputs: ['x', ...constants.map((_, i) => `c${i}`)], outputs, attributes }],
  });
  const diagnostics = new Diagnostics();
  try {
    checkGraph(importModel(bytes, { name: 'fault' }, diagnostics), diagnostics);
  } catch {
    // The diagnostics are what is looked at.
  }
  return diagnostics.list.map(({ code, message }) => `${code} ${message}`);
}

const FAULTS: readonly Fault[] = [
  { op: 'Reshape', shape: [2, 3], constants: [ints(4, 2)], says: '[2,3] cannot become [4,2]' },
  { op: 'Reshape', shape: [2, 3], constants: [ints(-1, -1)], says: 'more than one -1' },
  { op: 'Reshape', shape: [2, 3], constants: [ints(2, 3, 0)], says: 'copies dimension 2' },
  { op: 'Flatten', shape: [2, 3], attributes: { axis: 3 }, says: 'axis 3 is out of range' },
  { op: 'Squeeze', shape: [2, 1], constants: [ints(0)], says: 'dimension 0 of [2,1] is 2' },
  { op: 'Unsqueeze', shape: [2], constants: [ints(0, 0)], says: 'repeat' },
  { op: 'Transpose', shape: [2, 3], attributes: { perm: [0, 0] }, says: 'no permutation' },
  { op: 'Slice', shape: [4], constants: [ints(2), ints(2)], says: 'nothing of dimension 0' },
  { op: 'Slice', shape: [4], constants: [ints(0), ints(2), ints(0), ints(0)], says: 'a step is 0' },
  { op: 'Split', shape: [4], constants: [ints(1, 2)], outputs: ['y', 'z'], says: 'do not add up' },
  { op: 'Pad', shape: [4], constants: [ints(1)], says: 'there are 1 pads' },
  { op: 'Pad', shape: [4], constants: [ints(4, 0)], attributes: { mode: 'reflect' }, says: 'cannot be reflected' },
  { op: 'Pad', shape: [4], constants: [ints(0, -4)], says: 'leave nothing' },
  { op: 'Gather', shape: [4], constants: [ints(4)], says: 'index 4 is out of range' },
  { op: 'Expand', shape: [4], constants: [ints(3)], says: 'do not broadcast' },
  { op: 'Tile', shape: [4], constants: [ints(2, 2)], says: '2 repeats for 1 dimensions' },
  { op: 'DepthToSpace', shape: [1, 3, 2, 2], attributes: { blocksize: 2 }, says: 'do not divide' },
  { op: 'SpaceToDepth', shape: [1, 3, 3, 2], attributes: { blocksize: 2 }, says: 'does not divide' },
  { op: 'MaxPool', shape: [1, 1, 4, 4], attributes: { kernel_shape: [5, 5] }, says: 'larger than the padded input' },
  { op: 'MaxPool', shape: [1, 1, 4, 4], attributes: { kernel_shape: [2, 2] }, outputs: ['y', 'i'], says: 'Indices' },
  { op: 'MaxPool', shape: [1, 1, 4, 4], says: 'attribute "kernel_shape" is missing' },
  { op: 'AveragePool', shape: [1, 1, 4, 4, 4], attributes: { kernel_shape: [2, 2, 2] }, says: '5 dimensions' },
  { op: 'GlobalMaxPool', shape: [4, 4], says: '2 dimensions' },
  { op: 'ReduceMax', shape: [4, 4], constants: [ints(2)], says: 'axis 2 is out of range' },
  { op: 'ArgMax', shape: [4, 4], attributes: { axis: -3 }, says: 'axis -3 is out of range' },
  { op: 'Resize', shape: [1, 1, 4, 4], attributes: { mode: 'cubic' }, says: 'is not supported: "cubic"' },
  { op: 'Resize', shape: [1, 1, 4, 4], says: 'needs either scales or sizes' },
];

describe('faults of data movement, pools and reductions', () => {
  it.each(FAULTS)('$op: $says', (fault) => {
    const found = messages(fault);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^NC0204 /);
    expect(found[0]).toContain(fault.says);
  });
});
