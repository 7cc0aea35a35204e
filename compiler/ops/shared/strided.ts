/** Operators that copy elements in another order: `nanoc_strided_copy`, and its evaluation. */
import type { KernelCall } from '../../ir/kernel-call.js';
import { allocate, elementCount, type Tensor } from '../../ir/tensor.js';
import type { LowerContext, NodeView } from '../define.js';
import { leadOfSteps, type Step } from './overlap.js';
import { forEachOffset, mergeDimensions, padLeft } from './shapes.js';
import { elementBytes, moveCall } from './views.js';

/** NANOC_STRIDED_RANK of nanoc/move.h. */
const RANK = 6;
/** Rows that nanoc_transpose_bytes writes together. */
const TOGETHER = 4;
/** Walks longer than this are not searched for their lead: input and output are kept apart. */
const SEARCHED_ROWS = 1 << 16;

/** y[i] = x[offset + sum of i * strides], in elements, over the output's shape (or a finer one of equal count). */
export interface Walk {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** The walk, evaluated. */
export function walked(view: NodeView, x: Tensor, walk: Walk): Tensor {
  const { dtype, shape } = view.output(0);
  const data = allocate(dtype, elementCount(shape));
  forEachOffset(walk.shape, [walk.strides], (position, [offset]) => {
    data[position] = x.data[walk.offset + offset!]!;
  });
  return { dtype, shape, data };
}

/** The walk as a kernel call. */
export function stridedCall(context: LowerContext, walk: Walk): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const merged = mergeDimensions(walk.shape, [walk.strides]);
  const [shape, strides] = [merged.shape, merged.strides[0]!];
  if (shape.length > RANK) {
    context.bad(`the data moves along ${shape.length} dimensions`, {
      expected: `at most ${RANK} that cannot be merged`,
    });
  }
  const element = elementBytes(x);
  const matrices = element === 1 ? matricesOf(shape, strides) : undefined;
  if (matrices !== undefined) return transposeCall(context, walk.offset, matrices);
  return moveCall(context, 'nanoc_strided_copy', {
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      {
        kind: 'params',
        struct: 'nanoc_strided_params',
        fields: {
          element: { int: element },
          offset: { int: walk.offset },
          sizes: { ints: padLeft(shape, RANK, 1) },
          strides: { ints: padLeft(strides, RANK, 0) },
        },
      },
    ],
    overlaps: overlapsOf(context, walk, shape, strides, element),
  });
}

/** As nanoc_transpose_params: rows of y that are columns of x. */
interface Matrices {
  readonly batches: number;
  readonly batchStep: number;
  readonly rows: number;
  readonly columns: number;
  readonly step: number;
}

/** Undefined where a walk is another one, or has less than the four rows that are written together. */
function matricesOf(shape: readonly number[], strides: readonly number[]): Matrices | undefined {
  if (shape.length < 2 || shape.length > 3 || strides.at(-2) !== 1) return undefined;
  const [rows, columns, step] = [shape.at(-2)!, shape.at(-1)!, strides.at(-1)!];
  const [batches, batchStep] = shape.length === 3 ? [shape[0]!, strides[0]!] : [1, 0];
  return rows >= TOGETHER ? { batches, batchStep, rows, columns, step } : undefined;
}

function transposeCall(context: LowerContext, offset: number, matrices: Matrices): KernelCall {
  const [x, y] = [context.required(0), context.output(0)];
  const { batches, batchStep, rows, columns, step } = matrices;
  const fields = { offset, batches, batch_step: batchStep, rows, columns, step };
  return moveCall(context, 'nanoc_transpose_bytes', {
    arguments: [
      { kind: 'value', value: x.name, access: 'read' },
      { kind: 'value', value: y.name, access: 'write' },
      {
        kind: 'params',
        struct: 'nanoc_transpose_params',
        fields: Object.fromEntries(Object.entries(fields).map(([name, int]) => [name, { int }])),
      },
    ],
    overlaps: [{ input: x.name, output: y.name, lead: transposeLead(offset, matrices, elementCount(x.shape)) }],
  });
}

/** Rows that are written together are read until the last of them is complete. */
function transposeLead(
  offset: number,
  { batches, batchStep, rows, columns, step }: Matrices,
  inputBytes: number,
): number {
  const steps: Step[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    for (let row = 0; row < rows; row += TOGETHER) {
      const readStart = offset + batch * batchStep + row + Math.min(0, (columns - 1) * step);
      const writeEnd = (batch * rows + Math.min(row + TOGETHER, rows)) * columns;
      steps.push({ readStart, writeEnd }, { readStart, writeEnd });
    }
  }
  return leadOfSteps(steps, inputBytes);
}

/** The walk writes in ascending order, so its lead follows from where each row is read. */
function overlapsOf(
  context: LowerContext,
  walk: Walk,
  shape: readonly number[],
  strides: readonly number[],
  element: number,
): KernelCall['overlaps'] {
  const [x, y] = [context.required(0), context.output(0)];
  const count = shape.at(-1) ?? 1;
  const step = strides.at(-1) ?? 0;
  const rows = elementCount(shape.slice(0, -1));
  if (rows > SEARCHED_ROWS) return [];
  const steps: Step[] = [];
  forEachOffset(shape.slice(0, -1), [strides.slice(0, -1)], (row, [offset]) => {
    const start = walk.offset + offset!;
    const writeEnd = (row + 1) * count * element;
    const readStart = (start + Math.min(0, (count - 1) * step)) * element;
    // Contiguous rows are moved whole. A row that goes up keeps ahead of its writes; any other is read until its end.
    if (step !== 1) steps.push({ readStart, writeEnd: step > 1 ? row * count * element : writeEnd });
    steps.push({ readStart, writeEnd });
  });
  return [{ input: x.name, output: y.name, lead: leadOfSteps(steps, elementCount(x.shape) * element) }];
}
