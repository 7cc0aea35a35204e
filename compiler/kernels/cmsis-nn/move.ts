/** Pad and Transpose of bytes: `arm_pad_s8`, `arm_transpose_s8`. */
import type { ParamValue } from '../../ir/kernel-call.js';
import type { LowerContext } from '../../ops/define.js';
import { padLeft } from '../../ops/shared/shapes.js';
import { cmsisCall, cmsisOption, dims } from './option.js';

/** Dimensions that the library knows. */
const RANK = 4;
const PAD = { adapter: 'nanoc_cmsis_pad_s8', functions: ['arm_pad_s8'] };
const TRANSPOSE = { adapter: 'nanoc_cmsis_transpose_s8', functions: ['arm_transpose_s8'] };

export const cmsisPad = cmsisOption({
  ...PAD,
  whyNot: (context) =>
    whyNotBytes(context) ?? (context.string('mode') === 'constant' ? undefined : `mode ${context.string('mode')}`),
  build: (context) => {
    const { name, shape } = context.required(0);
    const pads = context.ints('pads');
    const fields = {
      value: { int: context.float('value') },
      input: dimsOf(shape, 1),
      before: dimsOf(pads.slice(0, shape.length), 0),
      after: dimsOf(pads.slice(shape.length), 0),
    };
    return cmsisCall(context, { ...PAD, inputs: [name], scratchBytes: 0, fields });
  },
});

export const cmsisTranspose = cmsisOption({
  ...TRANSPOSE,
  whyNot: whyNotBytes,
  build: (context) => {
    const { name, shape } = context.required(0);
    const lead = RANK - shape.length;
    const perm = [...Array(lead).keys(), ...context.ints('perm').map((axis) => axis + lead)];
    const permutation = { suffix: 'perm', data: Uint32Array.from(perm), role: 'parameters' as const };
    const fields = {
      input: dimsOf(shape, 1),
      output: dimsOf(context.output(0).shape, 1),
      layer: { fields: { num_dims: { int: RANK }, permutations: { constant: permutation } } },
    };
    return cmsisCall(context, { ...TRANSPOSE, inputs: [name], scratchBytes: 0, fields });
  },
});

function whyNotBytes(context: LowerContext): string | undefined {
  const { dtype, shape } = context.required(0);
  if (dtype !== 'int8') return `the input is ${dtype}`;
  return shape.length > RANK ? `more than ${RANK} dimensions` : undefined;
}

/** `cmsis_nn_dims`, filled up in front. */
function dimsOf(list: readonly number[], fill: number): ParamValue {
  return dims(...(padLeft([...list], RANK, fill) as [number, number, number, number]));
}
