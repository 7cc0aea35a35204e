import { defineComparison } from './shared/logic.js';

export default defineComparison('Equal', [7, 11, 13, 19], (a, b) => a === b);
