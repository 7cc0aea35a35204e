/**
 * `npm run differences -- model.onnx`: every integer of the reference that is not ONNX Runtime's, with the same element computed
 * in exact arithmetic, so that it can be seen which side the specification is on (docs/NUMERICS.md, "Distance from ONNX Runtime").
 */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readModelFile } from '../../compiler/cli/model-file.js';
import { compile } from '../../compiler/index.js';
import { type Graph, producers, valueOf } from '../../compiler/ir/graph.js';
import type { Tensor } from '../../compiler/ir/tensor.js';
import { productScale } from '../../compiler/numerics/requantize.js';
import { defaultVectors } from '../../compiler/verify/default-vectors.js';
import type { NodeComparison } from '../../compiler/verify/onnxruntime.js';
import { compareWithOnnxRuntime } from '../../compiler/verify/onnxruntime.js';
import { evaluateReference } from '../../compiler/verify/verify.js';
import { kernelsOf } from './oracle.js';

/** One element in exact arithmetic. */
interface Exact {
  /** In steps of the output, before rounding, without the zero point; a double, whose own error is below 1e-12. */
  readonly steps: number;
  /** How the float32 operations of the profile come out. */
  readonly float32: string;
}

const path = resolve(process.argv[2] ?? '');
if (process.argv[2] === undefined || !existsSync(path)) {
  console.error('usage: npm run differences -- model.onnx');
  process.exit(1);
}
await explain(path);

async function explain(file: string): Promise<void> {
  const compilation = await compile(readModelFile(file), {
    target: 'host',
  });
  const graph = compilation.reference;
  const set = defaultVectors(graph, { count: 16 });
  const found: { comparison: NodeComparison; index: number }[] = [];
  let elements = 0;
  await compareWithOnnxRuntime(compilation, set, await evaluateReference(graph, set, {}), {
    required: true,
    observe(comparison) {
      const { own, oracle, optimization } = comparison;
      if (optimization === 'none' || oracle === undefined || own.dtype.startsWith('float')) return;
      elements += own.data.length;
      own.data.forEach((value: number | bigint, index: number) => {
        if (value !== oracle.data[index]) found.push({ comparison, index });
      });
    },
  });
  console.log(`${found.length} of ${elements} integers are not ONNX Runtime's`);
  const kernels = await kernelsOf(compilation);
  for (const { comparison, index } of found) print(graph, kernels, comparison, index);
}

function print(graph: Graph, kernels: ReadonlyMap<string, string>, comparison: NodeComparison, index: number): void {
  const { node, output, own, oracle } = comparison;
  const exact = exactElement(graph, comparison, index);
  const { zeroPoint } = valueOf(graph, output).quantization!;
  const name = valueOf(graph, output).source?.name ?? output;
  const theirs = Number(oracle!.data[index]);
  const distances = [Number(own.data[index]), theirs].map((q) => Math.abs(q - zeroPoint[0]! - exact.steps));
  const nearer = distances[0]! <= distances[1]! ? 'nanoc' : 'ONNX Runtime';
  const tie = Math.abs(exact.steps - Math.floor(exact.steps) - 0.5);
  console.log(
    [
      `\n${node.op} -> [${index}] of "${name.slice(-60)}", by ONNX Runtime's ${kernels.get(name) ?? 'unknown kernel'}`,
      `  nanoc ${own.data[index]}, ONNX Runtime ${theirs}`,
      `  exact ${exact.steps.toFixed(9)} + zero point ${zeroPoint[0]}: ${tie.toExponential(2)} from a tie, nearer to ${nearer}`,
      `  ${exact.float32}`,
    ].join('\n'),
  );
}

function exactElement(graph: Graph, comparison: NodeComparison, index: number): Exact {
  switch (comparison.node.op) {
    case 'Conv':
      return exactConv(graph, comparison, index);
    case 'Softmax':
      return exactSoftmax(graph, comparison, index);
    case 'Add':
      return exactAdd(graph, comparison, index);
    default: {
      // A Relu or Clip on bytes: what it reads tells.
      const before = producers(graph).get(comparison.node.inputs[0]!);
      throw new Error(`no exact form of ${comparison.node.op}, after ${before?.op}`);
    }
  }
}

function parametersOf(graph: Graph, name: string) {
  return valueOf(graph, name).quantization!;
}

function exactConv(graph: Graph, { node, output, inputs }: NodeComparison, index: number): Exact {
  const [x, w, bias] = inputs as [Tensor, Tensor, Tensor | undefined];
  const list = (key: string) => node.attributes[key] as readonly number[];
  const [strides, pads, dilations] = [list('strides'), list('pads'), list('dilations')];
  const group = Number(node.attributes.group);
  const shape = valueOf(graph, output).shape as [number, number, number, number];
  const column = index % shape[3];
  const row = Math.floor(index / shape[3]) % shape[2];
  const channel = Math.floor(index / shape[3] / shape[2]) % shape[1];
  const [height, width] = x.shape.slice(2) as [number, number];
  const [count, perGroup, kernelHeight, kernelWidth] = w.shape as [number, number, number, number];
  const first = Math.floor(channel / (count / group)) * perGroup;
  const [qx, qw, qy] = [node.inputs[0]!, node.inputs[1]!, output].map((name) => parametersOf(graph, name));
  const at = (values: readonly number[]) => values[values.length === 1 ? 0 : channel]!;
  let sum = bias === undefined ? 0 : Number(bias.data[channel]);
  for (let c = 0; c < perGroup; c += 1) {
    for (let ky = 0; ky < kernelHeight; ky += 1) {
      for (let kx = 0; kx < kernelWidth; kx += 1) {
        const y = row * strides[0]! - pads[0]! + ky * dilations[0]!;
        const z = column * strides[1]! - pads[1]! + kx * dilations[1]!;
        if (y < 0 || y >= height || z < 0 || z >= width) continue;
        const input = Number(x.data[((first + c) * height + y) * width + z]) - qx!.zeroPoint[0]!;
        const weight = Number(w.data[((channel * perGroup + c) * kernelHeight + ky) * kernelWidth + kx]);
        sum += input * (weight - at(qw!.zeroPoint));
      }
    }
  }
  const scale = productScale(qx!.scale[0]!, at(qw!.scale), qy!.scale[0]!);
  return {
    steps: (sum * qx!.scale[0]! * at(qw!.scale)) / qy!.scale[0]!,
    float32: `sum ${sum}, float32 scale ${scale}, float32 product ${Math.fround(Math.fround(sum) * scale)}`,
  };
}

function exactAdd(graph: Graph, { node, output, inputs }: NodeComparison, index: number): Exact {
  const y = parametersOf(graph, output);
  const terms = node.inputs.map((name, i) => {
    const { scale, zeroPoint } = parametersOf(graph, name);
    return (Number(inputs[i]!.data[index]) - zeroPoint[0]!) * scale[0]!;
  });
  const [a, b] = terms as [number, number];
  const sum = Math.fround(Math.fround(a) + Math.fround(b));
  return {
    steps: (a + b) / y.scale[0]!,
    float32: `float32 sum ${sum}, float32 quotient ${Math.fround(sum / y.scale[0]!)}`,
  };
}

/** Along the last axis. */
function exactSoftmax(graph: Graph, { node, output, inputs }: NodeComparison, index: number): Exact {
  const x = inputs[0]!;
  const size = x.shape.at(-1)!;
  const start = Math.floor(index / size) * size;
  const row = Array.from({ length: size }, (_, i) => Number(x.data[start + i]));
  const { scale } = parametersOf(graph, node.inputs[0]!);
  const highest = Math.max(...row);
  const terms = row.map((q) => Math.exp((q - highest) * scale[0]!));
  const p = terms[index - start]! / terms.reduce((sum, term) => sum + term, 0);
  const unit = parametersOf(graph, output).scale[0]!;
  // QLinearSoftmax of ONNX Runtime multiplies by an integer instead of dividing by the scale.
  const whole = Math.floor(Math.fround(1 / unit));
  return { steps: p / unit, float32: `probability ${p}; times floor(1 / scale) = ${whole}: ${(p * whole).toFixed(3)}` };
}
