/** The ordered lists of passes. A new pass is its file and a line here. */
import { attachQuantization } from './attach-quantization.js';
import { collapseElementwise } from './collapse-elementwise.js';
import { composeTables } from './compose-tables.js';
import { conditionalStates } from './conditional-states.js';
import { foldClamp } from './fold-clamp.js';
import { foldConstants, foldWeights } from './fold-constants.js';
import { foldPads } from './fold-pads.js';
import { foldScaleIntoConv } from './fold-scale-into-conv.js';
import { fuseBias } from './fuse-bias.js';
import { fuseElementwise } from './fuse-elementwise.js';
import { fuseFloatActivation } from './fuse-float-activation.js';
import { fuseIntegerProducts } from './fuse-integer-products.js';
import { gatherRows } from './gather-rows.js';
import { layoutNhwc } from './layout-nhwc.js';
import { liftQdq } from './lift-qdq.js';
import { mergeEqual } from './merge-equal.js';
import { normalizeOperators } from './normalize-operators.js';
import type { Pass } from './pass.js';
import { permuteWeights } from './permute-weights.js';
import { propagateQuantization } from './propagate-quantization.js';
import { quantizeCaches } from './quantize-caches.js';
import { recogniseAttention } from './recognise-attention.js';
import { recogniseLayerNormalization } from './recognise-layer-normalization.js';
import { recogniseNormalization } from './recognise-normalization.js';
import { recogniseRotary } from './recognise-rotary.js';
import { removeNoOps } from './remove-no-ops.js';
import { reportFloatIslands } from './report-float-islands.js';
import { routeExperts } from './route-experts.js';
import { scatterCaches } from './scatter-caches.js';
import { signedActivations } from './signed-activations.js';
import { sinkTransposes } from './sink-transposes.js';
import { slideCaches } from './slide-caches.js';
import { slideQuantization } from './slide-quantization.js';
import { splitStates } from './split-states.js';
import { undilate } from './undilate.js';
import { updateCaches } from './update-caches.js';

/** ONNX in, reference graph out: still in ONNX layout, still uint8 where ONNX says uint8. */
export const canonicalisePasses: readonly Pass[] = [
  foldConstants,
  normalizeOperators,
  foldConstants,
  attachQuantization,
  routeExperts,
  foldConstants,
  gatherRows,
  slideQuantization,
  fuseBias,
  foldScaleIntoConv,
  liftQdq,
  collapseElementwise,
  propagateQuantization,
  foldWeights,
  foldScaleIntoConv,
  fuseIntegerProducts,
  fuseFloatActivation,
  foldClamp,
  removeNoOps,
  splitStates,
  conditionalStates,
  updateCaches,
  scatterCaches,
  slideCaches,
  quantizeCaches,
  slideQuantization,
  recogniseAttention,
  recogniseLayerNormalization,
  recogniseNormalization,
  recogniseRotary,
  fuseElementwise,
  removeNoOps,
  reportFloatIslands,
];

/** The same function in the form that the kernels want. */
export const optimisePasses: readonly Pass[] = [
  signedActivations,
  foldPads,
  layoutNhwc,
  sinkTransposes,
  permuteWeights,
  undilate,
  removeNoOps,
  composeTables,
  foldClamp,
  mergeEqual,
  removeNoOps,
];
