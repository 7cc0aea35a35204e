import { defineComparison, RELATION } from './shared/logic.js';

export default defineComparison('Less', [7, 9, 13], RELATION.less);
