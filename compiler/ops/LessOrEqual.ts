import { defineComparison, RELATION } from './shared/logic.js';

export default defineComparison('LessOrEqual', [12, 16], RELATION.less + RELATION.equal);
