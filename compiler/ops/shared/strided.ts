/** Operators that copy elements in another order: `nanoc_strided_copy`, and its evaluation. */
import type { KernelCall } from '../../ir/kernel-call.js';
import { allocate, elementCount, type Tensor } from '../../ir/tensor.js';
import type { LowerContext, NodeView } from '../define.js';
import { leadOfSteps, type Step } from './overlap.js';
import { forEachOffset, mergeDimensions, padLeft } from './shapes.js';
import { elementBytes, moveCall } from './views.js';

/** NANOC_STRIDED_RANK of nanoc/move.h. */
const RANK = 6;
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
