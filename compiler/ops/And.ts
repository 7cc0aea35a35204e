import { defineBoolean } from './shared/logic.js';

export default defineBoolean('And', [7], 0b1000);
