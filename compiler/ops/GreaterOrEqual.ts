import { defineComparison } from './shared/logic.js';

export default defineComparison('GreaterOrEqual', [12, 16], (a, b) => a >= b);
