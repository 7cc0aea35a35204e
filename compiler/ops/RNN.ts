import { defineRecurrent } from './shared/recurrent.js';

/** RNN-14: Ht = f(Xt * W + Ht-1 * R + Wb + Rb). */
export default defineRecurrent({
  name: 'RNN',
  opsets: [1, 7, 14, 22],
  summary: 'float32, constant weights; Tanh or Relu; forward, reverse and bidirectional; all sequences of full length',
  attributes: {},
});
