import { defineComparison, RELATION } from './shared/logic.js';

export default defineComparison('GreaterOrEqual', [12, 16], RELATION.greater + RELATION.equal);
