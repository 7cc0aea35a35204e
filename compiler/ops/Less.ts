import { defineComparison } from './shared/logic.js';

export default defineComparison('Less', [7, 9, 13], (a, b) => a < b);
