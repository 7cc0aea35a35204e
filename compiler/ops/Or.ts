import { defineBoolean } from './shared/logic.js';

export default defineBoolean('Or', [7], 0b1110);
