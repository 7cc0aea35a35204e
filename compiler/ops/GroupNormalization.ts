import { defineOp, type NodeView } from './define.js';
import { inferChannels, normalizeGroups } from './shared/group-normalization.js';
import { floatsOf } from './shared/rewrite.js';

/** GroupNormalization-21: groups of channels, a scale and bias for each channel; in version 18 for each group. */
export default defineOp({
  name: 'GroupNormalization',
  domain: '',
  opsets: [18, 21],
  summary: 'float32, constant scale and bias: becomes LayerNormalization, Mul and Add',
  inputs: [{ name: 'X' }, { name: 'scale', mustBeConstant: true }, { name: 'bias', mustBeConstant: true }],
  outputs: ['Y'],
  attributes: {
    num_groups: { type: 'int', required: true },
    epsilon: { type: 'float', default: 1e-5 },
    stash_type: { type: 'int', default: 1 },
  },
  quantized: 'float',
  infer: (view) => {
    const [groups, channels] = [view.int('num_groups'), view.required(0).shape[1] ?? 0];
    if (groups < 1 || channels % groups !== 0)
      view.bad(`${channels} channels do not make ${groups} groups`, { expected: 'num_groups to divide them' });
    return [inferChannels(view, () => (view.opset < 21 ? groups : channels))];
  },
  normalize: (view, editor) =>
    normalizeGroups(view, editor, view.int('num_groups'), ofChannels(view, 1), ofChannels(view, 2)),
});

function ofChannels(view: NodeView, index: number): number[] {
  const numbers = floatsOf(view, index);
  const each = view.required(0).shape[1]! / numbers.length;
  return numbers.flatMap((number) => new Array<number>(each).fill(number));
}
