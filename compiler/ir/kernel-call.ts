/** The program between 4-lower and 6-emit: kernel calls in execution order. */
import type { Law } from '../numerics/law.js';
import type { LibraryName } from '../vendor/library.js';
import type { Graph, Node } from './graph.js';
import type { Guard } from './guards.js';
import type { DataType, TensorData } from './tensor.js';

export type KernelFamily = 'portable' | 'native' | 'cmsis-nn' | 'esp-nn';

/** A constant array in flash, packed for its kernel. Equal contents are emitted once. */
export interface PackedConstant {
  /** Suffix of the C symbol, e.g. `weights`, `bias`, `scale`, `table`: the symbol is `<model>_<node>_<suffix>`. */
  readonly suffix: string;
  readonly data: TensorData;
  /** C element type: int8_t, int16_t, int32_t, float ... follows from the data's type unless it is given. */
  readonly ctype?: string;
  readonly alignment?: number;
  /** Bytes of the model's own weights and biases in it (report: constants against overhead). Defaults to all. */
  readonly role: 'weights' | 'bias' | 'scale' | 'table' | 'parameters';
}

/** One field of a parameter struct: a number (integers plain; floats are emitted exactly), a pointer to a constant, or nested fields. */
export type ParamValue =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly constant: PackedConstant }
  /** A nested struct. */
  | { readonly fields: Readonly<Record<string, ParamValue>> }
  /** C text as it stands, such as NULL. */
  | { readonly text: string };

export type Argument =
  /** Pointer to a value: in the arena, in state memory, or in flash when the value is a constant. */
  | {
      readonly kind: 'value';
      readonly value: string;
      readonly access: 'read' | 'write';
      /** Neighbouring arguments with `list` are one C argument, an array of `const void *` (`joinLists`). */
      readonly list?: true;
    }
  /** Pointer to a constant that this call owns. */
  | { readonly kind: 'constant'; readonly constant: PackedConstant }
  /** Pointer to a `static const <struct>` with these fields, in the struct's order (designated initialisers). */
  | { readonly kind: 'params'; readonly struct: string; readonly fields: Readonly<Record<string, ParamValue>> }
  /** Pointer to this call's scratch buffer. */
  | { readonly kind: 'scratch' }
  | { readonly kind: 'int'; readonly value: number; readonly comment?: string }
  /** No buffer: NULL. */
  | { readonly kind: 'null' }
  | { readonly kind: 'float'; readonly value: number };

/** The C arguments of a call from the text of each of its arguments: those of a `list` become one array. */
export function joinLists(list: readonly Argument[], texts: readonly string[]): string[] {
  const result: string[] = [];
  let open: string[] = [];
  const close = () => {
    if (open.length > 0) result.push(`(const void *const[]){${open.join(', ')}}`);
    open = [];
  };
  list.forEach((argument, index) => {
    if (argument.kind === 'value' && argument.list) {
      open.push(texts[index]!);
      return;
    }
    close();
    result.push(texts[index]!);
  });
  close();
  return result;
}

/** A C source or header written for one shape by a kernel generator (compiler/kernels). Equal paths have equal contents. */
export interface GeneratedSource {
  /** Below `runtime/` of the emitted folder: `include/nanoc/generated/<name>.h` or `src/<name>.c`. */
  readonly path: string;
  readonly content: string;
}

export interface Scratch {
  readonly bytes: number;
  readonly alignment: number;
}

/**
 * The kernel walks input and output in ascending order, so that its writes trail its reads: it is right whenever
 * address(output) + lead <= address(input), whatever bytes the two then share. `lead` may be negative (the output may start
 * behind the input's start) and `lead` 0 with equal sizes is the classic in-place operation. Holds for this call's exact shape:
 * lead = max over all writes of (end of the write in the output - first input byte that is read at or after that moment).
 *
 * A kernel that walks a few channels of all pixels, then the next few, is right only where channels fall on the same channels:
 * with `multiple`, address(input) - address(output) must be a multiple of it as well, or the two have no byte in common.
 */
export interface Overlap {
  readonly input: string;
  readonly output: string;
  /** Bytes. */
  readonly lead: number;
  /** Bytes, e.g. those of a pixel; `lead` is a multiple of it. Absent: any distance from `lead` on. */
  readonly multiple?: number;
}

/** A function of nanoc/gather_packed.h, and the fields of its parameters besides the table and the scales of rows of bytes. */
export interface PackedRows {
  readonly name: string;
  readonly struct: string;
  readonly fields: Readonly<Record<string, ParamValue>>;
}

export interface KernelCall {
  readonly node: Node;
  /** The call is made only where these hold, outermost first; it reads their selectors. Absent: always. */
  readonly guards?: readonly Guard[];
  readonly family: KernelFamily;
  /** C function; its source is `runtime-c/src/<family folder>/<function>.c`, its prototype in `header`. */
  readonly function: string;
  /** Path below runtime-c/include, e.g. `nanoc/conv.h`. */
  readonly header: string;
  /** Paths below runtime-c/src that must be compiled in, e.g. `portable/nanoc_conv_s8.c`, with what they include. */
  readonly sources: readonly string[];
  /** Further sources, generated for this shape; layers of equal shape share them. */
  readonly generated?: readonly GeneratedSource[];
  /** Bytes of stack that the call's assembly takes, which the C compiler's stack usage does not show. */
  readonly assemblyStack?: number;
  readonly arguments: readonly Argument[];
  readonly scratch?: Scratch;
  /**
   * Inputs whose storage an output may take over while the call still reads them (docs/MEMORY.md, "Overlap").
   * Without an entry the two are kept apart.
   */
  readonly overlaps: readonly Overlap[];
  /** Alignment that the kernel needs of the values it gets, in bytes; 1 or the element size if absent. */
  readonly alignment?: number;
  /** What the cost model says of the call on the target's core (compiler/kernels/cost.ts); absent where it has no formula. */
  readonly predicted?: { readonly instructions: number };
  /**
   * Set when the call computes in the profile `tflite` (docs/NUMERICS.md): a vendor's kernel whose constants do not give ONNX's bytes for
   * every sum that the layer can reach. The reference evaluator then computes the layer by the same law (`withLaws`).
   */
  readonly law?: Law;
  /** Functions of a vendor's library that the call's C calls. */
  readonly vendor?: { readonly library: LibraryName; readonly functions: readonly string[] };
  /** How rows of the table whose product this call is are read from its packed weights (4-lower/share-rows). */
  readonly packedRows?: PackedRows;
  /** Set when its C has vector instructions that only the chip itself executes: elsewhere a C twin of the same bytes is compiled. */
  readonly hasVectors?: boolean;
  /** Multiply-accumulates, for the report. */
  readonly macs: number;
  /** Why this kernel and not another; shown in the report. */
  readonly reason?: string;
  /** Line(s) for the report: float island, slow path, unproven accumulator (promise 5, no silent fallback). */
  readonly remarks?: readonly string[];
}

/**
 * A value that needs no code: it is a window of another value's storage.
 * `value` starts `byteOffset` bytes into `base`. For views of inputs (Reshape, Slice, Split) `base` is the input;
 * for Concat the roles turn round: each input is a window of the output.
 */
export interface View {
  readonly node: Node;
  readonly value: string;
  readonly base: string;
  readonly byteOffset: number;
}

export interface Program {
  readonly graph: Graph;
  /**
   * In graph order; 5-plan may choose another topological order. Calls of exclusive branches may write the same value: what a Merge
   * gave. Each value has one writer for each way through the branches.
   */
  readonly calls: readonly KernelCall[];
  readonly views: readonly View[];
}

export type { DataType };

/** Multiply-accumulates of one inference. */
export function totalMacs(calls: readonly Pick<KernelCall, 'macs'>[]): number {
  return calls.reduce((sum, { macs }) => sum + macs, 0);
}
