/** Sizes and scales of a Resize from its inputs (onnx: Resize-19). */
import type { NodeView } from '../define.js';
import type { Axis } from './coordinates.js';
import { axesOf, integersOf } from './shapes.js';

/** Every dimension of the input, with what it becomes. */
export function resizeAxes(view: NodeView): Axis[] {
  const { shape } = view.required(0);
  const axes = axesOf(view, -1, shape.length) ?? shape.map((_, axis) => axis);
  const scales = nonEmpty(view.input(2)?.constant?.data as Float32Array | undefined);
  const sizes = nonEmpty(integersOf(view.input(3)));
  if ((scales === undefined) === (sizes === undefined))
    view.bad('needs either scales or sizes', { expected: 'one of the two' });
  const given = (scales ?? sizes)!;
  if (given.length !== axes.length) view.bad(`there are ${given.length} numbers for ${axes.length} dimensions`);
  const coordinates = view.string('coordinate_transformation_mode');
  const result: Axis[] = shape.map((size) => ({ input: size, output: size, scale: 1, coordinates }));
  const ratio = sizes === undefined ? undefined : commonRatio(view, axes, sizes);
  axes.forEach((axis, i) => {
    const input = shape[axis]!;
    if (sizes === undefined) {
      const scale = scales![i]!;
      if (!(scale > 0) || !Number.isFinite(scale))
        view.bad(`the scale of dimension ${axis} is ${scale}`, { expected: 'a number above 0' });
      result[axis] = { input, output: Math.floor(Math.fround(input * scale)), scale, coordinates };
    } else {
      const output = ratio === undefined ? sizes[i]! : Math.floor(ratio * input + 0.5);
      result[axis] = { input, output, scale: Math.fround(ratio ?? output / input), coordinates };
    }
  });
  // ONNX Runtime copies when no size changes, whatever the scales; so does nanoc.
  if (result.every(({ input, output }) => input === output)) return result.map((axis) => ({ ...axis, scale: 1 }));
  if (result.some(({ input, output }) => Math.max(input, output) >= 1 << 16))
    view.bad('a dimension is too large', { expected: 'less than 65,536' });
  return result;
}

/** keep_aspect_ratio_policy: one ratio for all axes, so that none is larger, or none smaller, than its size. */
function commonRatio(view: NodeView, axes: readonly number[], sizes: readonly number[]): number | undefined {
  const policy = view.string('keep_aspect_ratio_policy');
  if (policy === 'stretch') return undefined;
  const ratios = axes.map((axis, i) => Math.fround(sizes[i]! / view.required(0).shape[axis]!));
  return policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
}

function nonEmpty<T extends ArrayLike<number>>(list: T | undefined): T | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}
