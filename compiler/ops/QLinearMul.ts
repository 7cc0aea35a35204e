import { defineQLinearBinary } from './shared/qlinear-binary.js';

export default defineQLinearBinary('Mul');
