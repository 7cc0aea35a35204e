/** What all options that call CMSIS-NN have in common: when they may be taken at all, and the shape of their calls. */
import type { Argument, KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { faultOf } from '../../vendor/cmsis-nn-faults.js';
import { type Library, missingFrom } from '../../vendor/library.js';

/** What the library's kernels are compiled for: its macros ARM_MATH_MVEI and ARM_MATH_DSP follow the core. */
export type Core = 'mve' | 'dsp' | 'plain';

export function coreOf({ features }: LowerContext): Core {
  return features.has('mve') ? 'mve' : features.has('dsp') ? 'dsp' : 'plain';
}

/** The copy that the call is compiled with. To be called only where `when` said that there is one. */
export function cmsisNn({ libraries = [] }: LowerContext): Library {
  const library = libraries.find(({ name }) => name === 'cmsis-nn');
  if (library === undefined) throw new Error('invariant: a CMSIS-NN kernel without the library');
  return library;
}

interface CmsisOption {
  /** Of nanoc's adapter, `runtime-c/src/cmsis-nn/<adapter>.c`. */
  readonly adapter: string;
  /** Functions of the library that the adapter calls. */
  readonly functions: readonly string[];
  /** Undefined when it fits, else why not. */
  whyNot(context: LowerContext, library: Library): string | undefined;
  build(context: LowerContext, library: Library): KernelCall;
}

export function cmsisOption({ adapter, functions, whyNot, build }: CmsisOption): KernelOption {
  return {
    function: adapter,
    family: 'cmsis-nn',
    when: (context) => {
      const library = (context.libraries ?? []).find(({ name }) => name === 'cmsis-nn');
      if (library === undefined) return 'no copy of CMSIS-NN is given';
      if (!context.features.has('armv6m') && !context.features.has('armv7m')) return 'the core is no Cortex-M';
      const missing = missingFrom(library, functions);
      if (missing.length > 0) return `the copy of CMSIS-NN (${library.version}) has no ${missing.join(', ')}`;
      return whyNot(context, library) ?? faultOf(context, library, functions) ?? true;
    },
    build: (context) => ({ call: build(context, cmsisNn(context)) }),
  };
}

interface CmsisCall {
  readonly adapter: string;
  readonly functions: readonly string[];
  /** Values that are read, in the order of the adapter's arguments; the output follows. */
  readonly inputs: readonly string[];
  readonly scratchBytes: number;
  /** Fields of `<adapter>_params`. */
  readonly fields: Readonly<Record<string, ParamValue>>;
}

/** A call (inputs..., output, scratch, params). */
export function cmsisCall(context: LowerContext, call: CmsisCall, extra: Partial<KernelCall> = {}): KernelCall {
  const { adapter, functions, inputs, scratchBytes, fields } = call;
  const scratch: Argument = scratchBytes > 0 ? { kind: 'scratch' } : { kind: 'null' };
  return {
    node: context.node,
    family: 'cmsis-nn',
    function: adapter,
    header: 'nanoc/cmsis_nn.h',
    sources: [`cmsis-nn/${adapter}.c`],
    vendor: { library: 'cmsis-nn', functions },
    arguments: [
      ...inputs.map((value): Argument => ({ kind: 'value', value, access: 'read' })),
      { kind: 'value', value: context.output(0).name, access: 'write' },
      scratch,
      { kind: 'params', struct: `${adapter}_params`, fields },
    ],
    // Words are what the widest buffers hold; Helium wants no more of addresses than the element.
    ...(scratchBytes > 0 ? { scratch: { bytes: scratchBytes, alignment: 8 } } : {}),
    overlaps: [],
    macs: 0,
    ...extra,
  };
}

/** `cmsis_nn_dims`. */
export function dims(n: number, h: number, w: number, c: number): ParamValue {
  return { fields: { n: { int: n }, h: { int: h }, w: { int: w }, c: { int: c } } };
}

/** `cmsis_nn_tile` of [height, width]. */
export function tile([h, w]: readonly number[]): ParamValue {
  return { fields: { w: { int: w! }, h: { int: h! } } };
}

/** `cmsis_nn_activation`. */
export function activation([min, max]: readonly [number, number]): ParamValue {
  return { fields: { min: { int: min }, max: { int: max } } };
}
