import { defineComparison, RELATION } from './shared/logic.js';

export default defineComparison('Equal', [7, 11, 13, 19], RELATION.equal);
