import { defineExtremum } from './shared/extremum.js';

// biome-ignore lint/suspicious/noSelfCompare: only NaN differs from itself
export default defineExtremum('Max', 'nanoc_max_f32', (a, b) => a > b || a !== a);
