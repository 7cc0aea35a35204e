import { defineComparison } from './shared/logic.js';

export default defineComparison('Or', [7], (a, b) => Boolean(a) || Boolean(b));
