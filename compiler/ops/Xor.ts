import { defineBoolean } from './shared/logic.js';

export default defineBoolean('Xor', [7], 0b0110);
