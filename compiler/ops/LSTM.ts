import { defineRecurrent } from './shared/recurrent.js';

/** LSTM-14: Ct = ft * Ct-1 + it * ct, Ht = ot * tanh(Ct). */
export default defineRecurrent({
  name: 'LSTM',
  opsets: [1, 7, 14, 22],
  summary: 'float32, constant weights; forward, reverse and bidirectional; all sequences of full length; no peepholes',
  attributes: { input_forget: { type: 'int', default: 0 } },
});
