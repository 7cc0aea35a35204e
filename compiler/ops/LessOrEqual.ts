import { defineComparison } from './shared/logic.js';

export default defineComparison('LessOrEqual', [12, 16], (a, b) => a <= b);
