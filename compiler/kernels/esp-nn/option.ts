/** What all options that call ESP-NN have in common: when they may be taken at all, and the shape of their calls. */
import type { Argument, KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { type Library, missingFrom } from '../../vendor/library.js';

/** Which of the library's kernels the target has: those with the S3's or the P4's vector instructions, or the generic ones in C. */
export type Variant = 's3' | 'p4' | 'generic';

export function variantOf({ features }: LowerContext): Variant {
  if (!features.has('pie')) return 'generic';
  return features.has('xtensa') ? 's3' : 'p4';
}

/** Vector loads leave out the low four bits of an address. */
export const VECTOR_BYTES = 16;

/** Lengths are 16 bits wide in most of the library, and some differences of them are signed. */
const LONGEST = 32767;

export interface EspFunction {
  /** Of nanoc's adapter, `runtime-c/src/esp-nn/<adapter>.c`. */
  readonly adapter: string;
  /** Names of the generic kernels; a chip has others under the same macros. */
  readonly functions: readonly string[];
}

interface EspOption extends EspFunction {
  /** Undefined when it fits, else why not. */
  whyNot(context: LowerContext, library: Library): string | undefined;
  build(context: LowerContext, library: Library): KernelCall;
}

export function espOption({ adapter, functions, whyNot, build }: EspOption): KernelOption {
  const libraryOf = ({ libraries = [] }: LowerContext) => libraries.find(({ name }) => name === 'esp-nn');
  return {
    function: adapter,
    family: 'esp-nn',
    when: (context) => {
      const library = libraryOf(context);
      if (library === undefined) return 'no copy of ESP-NN is given';
      // The pinned release has all of them.
      const missing = library.files.length === 0 ? [] : missingFrom(library, functions);
      if (missing.length > 0) return `the copy of ESP-NN (${library.version}) has no ${missing.join(', ')}`;
      const long = [context.required(0), context.output(0)].some(({ shape }) => shape.some((n) => n > LONGEST));
      return (long ? 'a dimension is too long' : undefined) ?? whyNot(context, library) ?? true;
    },
    build: (context) => ({ call: build(context, libraryOf(context)!) }),
  };
}

interface EspCall extends EspFunction {
  /** Values that are read, in the order of the adapter's arguments; the output follows. */
  readonly inputs: readonly string[];
  readonly scratchBytes: number;
  /** Fields of `<adapter>_params`. */
  readonly fields: Readonly<Record<string, ParamValue>>;
}

/** A call (inputs..., output, scratch, params). */
export function espCall(context: LowerContext, call: EspCall, extra: Partial<KernelCall> = {}): KernelCall {
  const { adapter, functions, inputs, scratchBytes, fields } = call;
  const scratch: Argument = scratchBytes > 0 ? { kind: 'scratch' } : { kind: 'null' };
  return {
    node: context.node,
    family: 'esp-nn',
    function: adapter,
    header: 'nanoc/esp_nn.h',
    sources: [`esp-nn/${adapter}.c`],
    vendor: { library: 'esp-nn', functions },
    arguments: [
      ...inputs.map((value): Argument => ({ kind: 'value', value, access: 'read' })),
      { kind: 'value', value: context.output(0).name, access: 'write' },
      scratch,
      { kind: 'params', struct: `${adapter}_params`, fields },
    ],
    ...(scratchBytes > 0 ? { scratch: { bytes: scratchBytes, alignment: VECTOR_BYTES } } : {}),
    alignment: VECTOR_BYTES,
    overlaps: [],
    macs: 0,
    ...extra,
  };
}

/** `data_dims_t`. */
export function dims(height: number, width: number, channels: number): ParamValue {
  return { fields: { width: { int: width }, height: { int: height }, channels: { int: channels } } };
}

/** `data_2d_t` of [height, width]. */
export function pair([height, width]: readonly number[]): ParamValue {
  return { fields: { width: { int: width! }, height: { int: height! } } };
}

/** `act_params_t`. */
export function activation([min, max]: readonly [number, number]): ParamValue {
  return { fields: { min: { int: min }, max: { int: max } } };
}
