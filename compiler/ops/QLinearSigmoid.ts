import sigmoid from './Sigmoid.js';
import { defineQLinearUnary } from './shared/qlinear-elementwise.js';

export default defineQLinearUnary(sigmoid);
