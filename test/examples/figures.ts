/** The tables of an example's README. */

import { totalMacs } from '../../compiler/ir/kernel-call.js';
import type { Tensor } from '../../compiler/ir/tensor.js';
import type { Measurements } from '../../compiler/report/measurements.js';
import { type Example, score } from './example.js';

/** The right answers: float and int8 by ONNX Runtime, int8 by the simulated core. */
export function scoreTable(example: Example, device: readonly ReadonlyMap<string, Tensor>[]): string {
  const { measure, testVectors, float, quantized } = example.training;
  const show = (value: number) => (measure === 'accuracy' ? `${(value * 100).toFixed(2)} %` : value.toFixed(4));
  const { name } = example.compilation.target;
  return table(
    [`${testVectors} test vectors`, 'ONNX Runtime, float32', 'ONNX Runtime, int8', `nanoc, ${name} in QEMU`],
    [[measure, show(float), show(quantized), show(score(example, device))]],
  );
}

/** What the model takes on its core, in bytes and instructions. */
export function costTable(example: Pick<Example, 'compilation'>, measured: Measurements): string {
  const { plan, program } = example.compilation;
  const macs = totalMacs(program.calls);
  const row = [
    measured.flash,
    measured.constants,
    measured.ram,
    plan.arenaBytes,
    plan.lowerBound,
    measured.stackBound,
    macs,
    measured.instructions,
  ];
  return table(
    ['flash', 'of it constants', 'RAM', 'of it arena', 'lower bound', 'stack', 'MACs', 'instructions'],
    [row.map((value) => (value === undefined ? '' : value.toLocaleString('en-US')))],
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  return line(head) + line(head.map((_, index) => (index === 0 ? '---' : '--:'))) + rows.map(line).join('');
}
