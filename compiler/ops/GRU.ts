import { defineRecurrent } from './shared/recurrent.js';

/** GRU-14: Ht = (1 - zt) * ht + zt * Ht-1; `linear_before_reset` as PyTorch and Keras have it, or without. */
export default defineRecurrent({
  name: 'GRU',
  opsets: [3, 7, 14, 22],
  summary:
    'float32, constant weights; forward, reverse and bidirectional; linear_before_reset 0 and 1; all sequences of full length',
  attributes: { linear_before_reset: { type: 'int', default: 0 } },
});
