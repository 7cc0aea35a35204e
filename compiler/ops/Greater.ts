import { defineComparison, RELATION } from './shared/logic.js';

export default defineComparison('Greater', [7, 9, 13], RELATION.greater);
