import leakyRelu from './LeakyRelu.js';
import { defineQLinearUnary } from './shared/qlinear-elementwise.js';

export default defineQLinearUnary(leakyRelu, (view) => ({ alpha: view.float('alpha') }));
