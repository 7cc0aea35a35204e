import { defineExtremum } from './shared/extremum.js';

// biome-ignore lint/suspicious/noSelfCompare: only NaN differs from itself
export default defineExtremum('Min', 'nanoc_min_f32', (a, b) => a < b || a !== a);
