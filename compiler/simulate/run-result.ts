/** What running a compiled model takes and gives (session.ts: `runModel`). */
import type { Compilation, EmittedFile } from '../compilation.js';
import type { Tensor } from '../ir/tensor.js';
import type { SimulatorChoice } from './simulator.js';

/** One inference: a tensor for each ONNX graph input that is not a state, by its ONNX name, in ONNX layout and type. */
export type Vector = ReadonlyMap<string, Tensor>;

export interface RunOptions {
  /** `run`: outputs and instructions of each inference; `profile`: instructions of each layer too. Default `run`. */
  readonly mode?: 'run' | 'profile';
  /** By default QEMU, and the computer itself for the host. */
  readonly simulator?: SimulatorChoice;
  /** Folder to build in, kept afterwards; by default a temporary one that is removed. */
  readonly directory?: string;
  /** Host only: AddressSanitizer and UndefinedBehaviorSanitizer. */
  readonly sanitize?: boolean;
  /** By default from the number of multiply-accumulates and vectors. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** State memory to start from, as an earlier run left it; by default what `<model>_reset()` writes. */
  readonly state?: Uint8Array;
  /** Gives the C; by default `emitLibrary` (tests hand in broken code). */
  readonly emit?: (compilation: Compilation) => Promise<readonly EmittedFile[]> | readonly EmittedFile[];
}

/** One inference. */
export interface RunStep {
  /** By ONNX name, in ONNX layout and type; outputs that are bound as state are among them. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** Of `<model>_invoke` (mode `run`) or all its layers (mode `profile`); absent where the simulator cannot count. */
  readonly instructions?: number;
  /** Mode `profile`: instructions of each layer, in execution order; absent where the simulator cannot count. */
  readonly layers?: readonly number[];
}

/** One layer of the program, in execution order. */
export interface LayerProfile {
  readonly step: number;
  /** ONNX node name and operator. */
  readonly node: string;
  readonly op: string;
  readonly function: string;
  readonly macs: number;
  /** Mean over the vectors, rounded; absent where the simulator cannot count. */
  readonly instructions?: number;
}

export interface RunResult {
  readonly steps: readonly RunStep[];
  /** Mode `profile` only. */
  readonly layers?: readonly LayerProfile[];
  /** State memory after the last vector; empty for a model without state. */
  readonly state: Uint8Array;
  /** e.g. `QEMU mps2-an386`, and what it does and does not prove. */
  readonly simulator: { readonly name: string; readonly proves: string };
}
