/** The golden cases: tiny models and the options with which they are compiled. Everything else is in the folders. */
import type { CompileOptions, ModelSource } from '../../compiler/compilation.js';
import { buildModel } from '../support/onnx-builder.js';
import { branchModel, streamModel } from '../support/quantized-models.js';

export interface GoldenCase {
  /** Folder name. */
  readonly name: string;
  readonly source: ModelSource;
  readonly options: CompileOptions;
}

/**
 * Portable kernels only: the text of the cases is then that of the compiler, and does not move when a native kernel is tuned.
 */
export const goldenCases: readonly GoldenCase[] = [
  { name: 'branch', source: branchModel(), options: { target: 'cortex-m4', kernels: 'portable' } },
  {
    name: 'stream',
    source: streamModel(),
    options: { target: 'cortex-m0', kernels: 'portable', states: ['next=past'], name: 'window' },
  },
  { name: 'float-island', source: floatIsland(), options: { target: 'host', kernels: 'portable' } },
];

/** uint8 in, float arithmetic between, two outputs of which one is float; names that C cannot have. */
function floatIsland(): ModelSource {
  const scalar = (value: number) => ({ dtype: 'float32' as const, shape: [], data: Float32Array.of(value) });
  const bytes = buildModel({
    inputs: [
      { name: 'image:0', dtype: 'uint8', shape: [2, 3] },
      { name: 'offset', dtype: 'float32', shape: [2, 3] },
    ],
    outputs: [
      { name: 'sum', dtype: 'float32', shape: [2, 3] },
      { name: 'class', dtype: 'uint8', shape: [3, 2] },
    ],
    initializers: [
      { name: 's', tensor: scalar(0.5) },
      { name: 'z', tensor: { dtype: 'uint8', shape: [], data: Uint8Array.of(100) } },
    ],
    nodes: [
      { op: 'DequantizeLinear', name: 'dequantize', inputs: ['image:0', 's', 'z'], outputs: ['pixels'] },
      { op: 'Add', name: '/add/*1*/', inputs: ['pixels', 'offset'], outputs: ['sum'] },
      { op: 'Transpose', name: 'turn', inputs: ['sum'], outputs: ['turned'], attributes: { perm: [1, 0] } },
      { op: 'QuantizeLinear', name: 'quantize', inputs: ['turned', 's', 'z'], outputs: ['class'] },
    ],
  });
  return { fileName: 'float-island.onnx', bytes };
}
