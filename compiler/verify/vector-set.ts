import type { Tensor } from '../ir/tensor.js';
import type { Vector } from '../simulate/run-result.js';

/** Test vectors; those of a model with state are consecutive steps from a reset. */
export interface VectorSet {
  readonly vectors: readonly Vector[];
  /** What each vector is, for messages: `all minimum`, `clip.npz[3]`. */
  readonly labels: readonly string[];
  /** Outputs that came with the vectors: for each vector, by ONNX output name (not every output need be there). */
  readonly expected?: readonly ReadonlyMap<string, Tensor>[];
  /** States after the last vector that came with them (arrays `final_<state input>`), by ONNX name of the state input. */
  readonly finalStates?: ReadonlyMap<string, Tensor>;
}
