/** What `verifyModel` (verify.ts) finds out; plain data, fit for JSON. */
import type { RunOptions } from '../simulate/run-result.js';
import type { CallsVerification } from './calls/route.js';
import type { JUnitCase } from './junit.js';

export interface VerifyOptions extends Pick<RunOptions, 'simulator' | 'sanitize' | 'timeoutMs' | 'signal' | 'emit'> {
  /** `auto`: where onnxruntime-node is installed; `require`: an error where it is not; `off`: never. Default `auto`. */
  readonly onnxRuntime?: 'auto' | 'require' | 'off';
  /** What is being done, for a progress line: `release plan, poison 0x55: 3 of 32 vectors`. */
  readonly onProgress?: (text: string) => void;
}

/** The first place where two sources of the same tensor differ. */
export interface Divergence {
  /**
   * `device`: the device against the reference evaluator; `expected`: the reference against outputs that came with the vectors; `window`:
   * the steps of a streamed model against the model that it came from.
   */
  readonly kind: 'device' | 'memory' | 'expected' | 'window';
  /** `release plan, poison 0x55`. */
  readonly build?: string;
  readonly vector: number;
  /** Label of the vector, e.g. `all minimum` or `clip.npz[3]`. */
  readonly vectorLabel: string;
  /** Index in execution order; absent for graph outputs as a whole. */
  readonly step?: number;
  /** ONNX node, e.g. `"/conv2/Conv" (Conv)`, and the kernel that ran it. */
  readonly node?: string;
  readonly kernel?: string;
  /** ONNX tensor, or the buffer whose bytes changed for kind `memory`. */
  readonly tensor: string;
  /** Coordinates in the ONNX tensor; for kind `memory` the byte offset in the buffer. */
  readonly element: readonly number[];
  readonly expected: number;
  readonly got: number;
  /** Elements (or bytes) that differ, of how many. */
  readonly differing: number;
  readonly of: number;
  /** One line that stands alone. */
  readonly message: string;
}

/** One of the two builds that prove the device. */
export interface BuildVerification {
  /** `release plan, poison 0x55` or `plan with guard bytes, poison 0xaa`. */
  readonly build: string;
  readonly passed: boolean;
  /** Tensors compared in one inference, and elements over all vectors. */
  readonly tensors: number;
  readonly elements: number;
  readonly divergence?: Divergence;
}

/**
 * One ONNX tensor: the reference evaluator against ONNX Runtime, over all vectors. Each node is fed with ONNX Runtime's own
 * inputs, so that a difference is counted where it arises and not again in what follows. Integers are compared under default
 * optimisation (quantized operators), floats without any.
 */
export interface TensorDistance {
  readonly tensor: string;
  readonly node: string;
  readonly dtype: string;
  readonly elements: number;
  readonly differing: number;
  /** Largest distance: units for integers, absolute for floats. */
  readonly maxDistance: number;
  /**
   * `off by one`: integers where ONNX Runtime's kernel computes in another order or in float (docs/NUMERICS.md); `saturated`: its
   * kernel for this CPU is known to be wrong; `different`: none of these.
   */
  readonly verdict: 'equal' | 'off by one' | 'saturated' | 'different';
  /** Elements that differ when ONNX Runtime runs without graph optimisation (quantize-dequantize models: in float). */
  readonly differingUnoptimized: number;
}

/** A graph output after the whole network, not fed with ONNX Runtime's values. */
export interface OutputDistance {
  readonly tensor: string;
  readonly optimization: 'default' | 'none';
  readonly elements: number;
  readonly differing: number;
  readonly maxDistance: number;
}

export interface OnnxRuntimeVerification {
  readonly version: string;
  /** No tensor is `different`: integers are equal or off by one, floats within 1e-5 absolute or relative. */
  readonly passed: boolean;
  readonly tensors: readonly TensorDistance[];
  readonly elements: number;
  readonly differing: number;
  /** Final outputs, not teacher-forced: default optimisation and none. */
  readonly outputs: readonly OutputDistance[];
  /** What must be known to read the figures: saturating kernels, layers that ONNX Runtime ran in float. */
  readonly remarks: readonly string[];
}

/** Outputs (and final states) that came with the vectors, against the reference evaluator. */
export interface ExpectedVerification {
  readonly passed: boolean;
  readonly elements: number;
  readonly differing: number;
  readonly maxDistance: number;
  readonly divergence?: Divergence;
}

/** Outputs of a streamed model's steps (the reference evaluator's) against the original model's, on the windows that the steps make up. */
export interface WindowVerification {
  readonly passed: boolean;
  /** Windows that were compared. */
  readonly windows: number;
  readonly elements: number;
  readonly differing: number;
  readonly divergence?: Divergence;
}

export interface VerifyResult {
  /**
   * Device equals reference everywhere, in both builds, no tensor is `different` from ONNX Runtime's where that was asked, and a streamed
   * model gives what the original does.
   */
  readonly passed: boolean;
  readonly target: string;
  readonly simulator: string;
  readonly vectors: number;
  readonly builds: readonly BuildVerification[];
  /** Values on the device without a counterpart in ONNX: not compared on their own, only through what is made of them. */
  readonly withoutCounterpart: readonly string[];
  /** Of the device. */
  readonly firstDivergence?: Divergence;
  readonly onnxRuntime?: OnnxRuntimeVerification;
  /** Why there is no comparison with ONNX Runtime. */
  readonly onnxRuntimeSkipped?: string;
  readonly expected?: ExpectedVerification;
  /** Of a streamed model (`--stream`); ONNX Runtime then computes the original, on the same windows. */
  readonly windows?: WindowVerification;
  /** Single calls, where some were proven; those of vendors' kernels by default. */
  readonly calls?: CallsVerification;
  /** One for each layer and build, and for each comparison with ONNX Runtime: for `junitXml`. */
  readonly cases: readonly JUnitCase[];
}
