import { defineComparison } from './shared/logic.js';

export default defineComparison('And', [7], (a, b) => Boolean(a) && Boolean(b));
