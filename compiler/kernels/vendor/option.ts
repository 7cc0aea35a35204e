/** What all options that call a vendor's library have in common: when they may be taken at all, and the shape of their calls. */
import type { Argument, KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { type Library, type LibraryName, missingFrom } from '../../vendor/library.js';

/** A library as its kernels are called. */
export interface Vendor {
  readonly library: LibraryName;
  /** As people write it. */
  readonly title: string;
  /** Of nanoc's adapters, `runtime-c/include/<header>`. */
  readonly header: string;
  /** Bytes. */
  readonly scratchAlignment: number;
  /** Bytes, of all values; absent where elements align themselves. */
  readonly alignment?: number;
  /** Why its kernels are not for the core at all. */
  whyNotCore?(context: LowerContext): string | undefined;
  /** Why these functions of this copy must not be called for a node that would fit. */
  faultOf?(context: LowerContext, library: Library, functions: readonly string[]): string | undefined;
}

export interface VendorFunction {
  /** Of nanoc's adapter, `runtime-c/src/<library>/<adapter>.c`. */
  readonly adapter: string;
  /** Functions of the library that the adapter calls. */
  readonly functions: readonly string[];
}

export interface VendorOption extends VendorFunction, Pick<KernelOption, 'takes'> {
  /** Undefined when it fits, else why not. */
  whyNot(context: LowerContext, library: Library): string | undefined;
  build(context: LowerContext, library: Library): KernelCall;
}

export function vendorOption(vendor: Vendor, { adapter, functions, takes, whyNot, build }: VendorOption): KernelOption {
  const libraryOf = ({ libraries = [] }: LowerContext) => libraries.find(({ name }) => name === vendor.library);
  return {
    function: adapter,
    family: vendor.library,
    ...(takes === undefined ? {} : { takes }),
    when: (context) => {
      const library = libraryOf(context);
      if (library === undefined) return `no copy of ${vendor.title} is given`;
      const core = vendor.whyNotCore?.(context);
      if (core !== undefined) return core;
      // A release that is known by its number alone has all of them.
      const missing = library.files.length === 0 ? [] : missingFrom(library, functions);
      if (missing.length > 0) return `the copy of ${vendor.title} (${library.version}) has no ${missing.join(', ')}`;
      return whyNot(context, library) ?? vendor.faultOf?.(context, library, functions) ?? true;
    },
    build: (context) => {
      const library = libraryOf(context);
      if (library === undefined) throw new Error(`invariant: a kernel of ${vendor.title} without the library`);
      return { call: build(context, library) };
    },
  };
}

export interface VendorCall extends VendorFunction {
  /** Values that are read, in the order of the adapter's arguments; the output follows. */
  readonly inputs: readonly string[];
  readonly scratchBytes: number;
  /** Fields of `<adapter>_params`. */
  readonly fields: Readonly<Record<string, ParamValue>>;
}

/** A call (inputs..., output, scratch, params). */
export function vendorCall(
  { library, header, scratchAlignment, alignment }: Vendor,
  context: LowerContext,
  { adapter, functions, inputs, scratchBytes, fields }: VendorCall,
  extra: Partial<KernelCall>,
): KernelCall {
  const scratch: Argument = scratchBytes > 0 ? { kind: 'scratch' } : { kind: 'null' };
  return {
    node: context.node,
    family: library,
    function: adapter,
    header,
    sources: [`${library}/${adapter}.c`],
    vendor: { library, functions },
    arguments: [
      ...inputs.map((value): Argument => ({ kind: 'value', value, access: 'read' })),
      { kind: 'value', value: context.output(0).name, access: 'write' },
      scratch,
      { kind: 'params', struct: `${adapter}_params`, fields },
    ],
    ...(scratchBytes > 0 ? { scratch: { bytes: scratchBytes, alignment: scratchAlignment } } : {}),
    ...(alignment === undefined ? {} : { alignment }),
    overlaps: [],
    macs: 0,
    ...extra,
  };
}

/** Bounds of the output: `cmsis_nn_activation`, `act_params_t`. */
export function activation([min, max]: readonly [number, number]): ParamValue {
  return { fields: { min: { int: min }, max: { int: max } } };
}

/** A multiplier with its shift. */
export function factorFields({ multiplier, shift }: { multiplier: number; shift: number }): Record<string, ParamValue> {
  return { multiplier: { int: multiplier }, shift: { int: shift } };
}
