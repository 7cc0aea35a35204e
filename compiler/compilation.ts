import type { AudioSource } from './audio/parse.js';
import type { AudioPlan } from './audio/plan.js';
import type { Bands } from './bands/within.js';
import type { Diagnostic } from './diagnostics/diagnostic.js';
import type { ImageSource } from './image/parse.js';
import type { ImagePlan } from './image/plan.js';
import type { ExcludedKernel } from './ir/excluded.js';
import type { Graph } from './ir/graph.js';
import type { KernelFamily, Program } from './ir/kernel-call.js';
import type { MemoryPlan } from './ir/memory-plan.js';
import type { SimulatorName, Target } from './ir/target.js';
import type { Tensor } from './ir/tensor.js';
import type { KvCache } from './phases/3-rewrite/pack-caches.js';
import type { Cost } from './stream/cost.js';
import type { Streamed } from './stream/index.js';
import type { StreamOptions } from './stream/options.js';
import type { TextPlan } from './text/language-model.js';
import type { TokenizerSource } from './text/parse.js';
import type { TunedLayer } from './tune/tuned-layer.js';
import type { Library } from './vendor/library.js';

export interface CompileOptions {
  /** Name of a folder in targets/. */
  readonly target: string;
  /** For a run there: the code is limited to what the simulator executes right. Not for firmware. */
  readonly simulator?: SimulatorName;
  /** Prefix of every C symbol; by default made from the file name. */
  readonly name?: string;
  /** Values of symbolic dimensions, `--dim batch=1`. */
  readonly dims?: Readonly<Record<string, number>>;
  /** `output=input[:value]`, `--state`; without, pairs named present and past are recognised. */
  readonly states?: readonly string[];
  /** A step of rows along time instead of a window of them, `--stream`. */
  readonly stream?: StreamOptions;
  /** `table=form`, `--embedding`: float tables that are read from quantized rows. */
  readonly embeddings?: readonly string[];
  /** `--kv-cache`: the form of float32 key-value caches; absent: as the model has them. */
  readonly kvCache?: KvCache;
  readonly kernels?: 'auto' | KernelFamily;
  readonly optimize?: 'size' | 'speed' | 'balanced';
  /** Kernels that `nanoc tune` has measured as fastest; they come before the order of the operators' lists. */
  readonly tune?: readonly TunedLayer[];
  /** Bytes of static RAM that the model must fit into, with bands where it has to; an error when it cannot. `--ram`. */
  readonly ram?: number;
  /** The same as a wish: what was reached is taken, and the caller checks the budget. `maxRam`. */
  readonly maxRam?: number;
  /** Bytes of fast RAM for the constants that are read most; the startup code copies them there. `--fast-ram`. */
  readonly fastRam?: number;
  /** Of a language model: text in and out is compiled as well. */
  readonly tokenizer?: TokenizerSource;
  /** What a camera gives, and how it becomes the model's input: an image front end is compiled as well. */
  readonly image?: ImageSource;
  /** Of a model that hears: sound in is compiled as well, from samples to the model's input. */
  readonly audio?: AudioSource;
  /** Copies of vendors' libraries, for `kernels` 'cmsis-nn' and 'esp-nn'. */
  readonly libraries?: readonly Library[];
  /** Kernels that layers must not take, since a proof found them wrong there (`nanoc verify`); the next ones in the lists are taken. */
  readonly excluded?: readonly ExcludedKernel[];
  /** Guard bytes round every buffer, for verification builds. */
  readonly guardBytes?: number;
}

export interface ModelSource {
  /** File name without folder, e.g. `kws.onnx`; goes into the generated files. */
  readonly fileName: string;
  readonly bytes: Uint8Array;
  /** Reads an external data file by its location relative to the model; refuses anything outside the model's folder. */
  readonly readExternal?: (location: string) => Uint8Array;
}

/** Everything that a compilation found out; 6-emit and the reports are made from it. */
export interface Compilation {
  readonly source: ModelSource;
  readonly options: CompileOptions;
  /** C identifier of the model: prefix of all its symbols. */
  readonly name: string;
  readonly target: Target;
  /** After 2-check: inputs, outputs and states as the ONNX file has them. */
  readonly onnx: Graph;
  /** Tables that `embeddings` names, as their quantized rows stand for them. */
  readonly tables: ReadonlyMap<string, Tensor>;
  /** After canonicalise, in ONNX layout, with the laws of vendors' kernels: what the reference evaluator runs. */
  readonly reference: Graph;
  /** With `stream`: the model of a window that `reference` computes step by step. */
  readonly streamed?: StreamedModel;
  /** After optimise: what is lowered. */
  readonly graph: Graph;
  readonly program: Program;
  readonly plan: MemoryPlan;
  /** Set when parts of the model run in bands, so that it fits into its RAM. */
  readonly bands?: Bands;
  /** Text in and out, where there is a tokenizer. */
  readonly text?: TextPlan;
  /** From frames of a camera to an input, where one is asked for. */
  readonly image?: ImagePlan;
  /** Sound in, where there is an audio front end. */
  readonly audio?: AudioPlan;
  /** Warnings and notes. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface StreamedModel extends Streamed {
  /** Of the model of a window, compiled with the same options. */
  readonly originalCost: Cost;
}

/** Sees the graph after a stage: `1-import`, `2-check`, `3-rewrite:<pass>`. */
export type CompileObserver = (stage: string, graph: Graph) => void;

export interface EmittedFile {
  /** Relative to the output folder, with forward slashes. */
  readonly path: string;
  readonly content: string;
}
