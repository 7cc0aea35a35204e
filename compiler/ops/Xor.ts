import { defineComparison } from './shared/logic.js';

export default defineComparison('Xor', [7], (a, b) => Boolean(a) !== Boolean(b));
