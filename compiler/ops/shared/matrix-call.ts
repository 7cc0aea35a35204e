import type { KernelCall } from '../../ir/kernel-call.js';
import type { LowerContext } from '../define.js';
import { accumulatorRemarks, macsOf, outputFields, type PackedWeights, weightFields } from './convolution.js';
import { leadOfSteps, type Step } from './overlap.js';

/** Two rows go through scratch only where that is little beside the input; it lets the output lie over the input. */
const WORTH_BUFFERING = 4;

/** The call of `nanoc_matmul_s8`, or `nanoc_fully_connected_s8` where there are few rows, for a node with inputs x and constant w: rows of x times packed weights. */
export function matrixCall(
  context: LowerContext,
  weights: PackedWeights,
  rows: number,
  inner: number,
  columns: number,
): KernelCall {
  const [x, w, y] = [context.required(0), context.required(1), context.output(0)];
  const buffered = rows >= 2 * WORTH_BUFFERING;
  const name = buffered ? 'nanoc_matmul_s8' : 'nanoc_fully_connected_s8';
  const fields = {
    rows: { int: rows },
    inner: { int: inner },
    columns: { int: columns },
    ...weightFields(weights),
    output: { fields: outputFields(context, x, w) },
  };
  return {
    node: context.node,
    family: 'portable',
    function: name,
    header: 'nanoc/matmul.h',
    sources: [name, 'nanoc_one_row_s8', ...(buffered ? ['nanoc_two_rows_s8'] : [])].map((file) => `portable/${file}.c`),
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      ...(buffered ? [{ kind: 'scratch' as const }] : []),
      { kind: 'params', struct: 'nanoc_matmul_s8_params', fields },
    ],
    ...(buffered ? { scratch: { bytes: 2 * inner, alignment: 4 } } : {}),
    overlaps: [
      { input: x.name, output: y.name, lead: leadOfSteps(stepsOf(rows, inner, columns, buffered), rows * inner) },
    ],
    macs: macsOf(y, inner),
    remarks: accumulatorRemarks(weights.accumulator),
  };
}

/** As the kernels go: two rows at a time, or one that is read again for each block of columns. */
export function stepsOf(rows: number, inner: number, columns: number, buffered: boolean): Step[] {
  const steps: Step[] = [];
  const together = buffered ? 2 : 1;
  for (let row = 0; row < rows; row += together) {
    const end = Math.min(row + together, rows) * columns;
    const readStart = row * inner;
    if (!buffered) steps.push(...blockEnds(columns).map((column) => ({ readStart, writeEnd: row * columns + column })));
    else steps.push({ readStart, writeEnd: end });
  }
  return steps;
}

/** Columns after which the row is read again: blocks of four, then one by one. */
function blockEnds(columns: number): number[] {
  const whole = columns - (columns % 4);
  return Array.from({ length: columns }, (_, i) => i + 1).filter((end) => end > whole || end % 4 === 0);
}
