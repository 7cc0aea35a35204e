import type { AttributeSpec } from '../define.js';

/** What LayerNormalization and RMSNormalization have; `stash_type` says that sums are in float32, which they are. */
export const normalizationAttributes = {
  axis: { type: 'int', default: -1 },
  epsilon: { type: 'float', default: 1e-5 },
  stash_type: { type: 'int', default: 1 },
} satisfies Readonly<Record<string, AttributeSpec>>;
