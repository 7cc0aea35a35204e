/** How CMSIS-NN is called. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { faultOf } from '../../vendor/cmsis-nn-faults.js';
import { type Vendor, type VendorCall, type VendorOption, vendorCall, vendorOption } from '../vendor/option.js';

/** What the library's kernels are compiled for: its macros ARM_MATH_MVEI and ARM_MATH_DSP follow the core. */
export type Core = 'mve' | 'dsp' | 'plain';

export function coreOf({ features }: LowerContext): Core {
  return features.has('mve') ? 'mve' : features.has('dsp') ? 'dsp' : 'plain';
}

const CMSIS_NN: Vendor = {
  library: 'cmsis-nn',
  title: 'CMSIS-NN',
  header: 'nanoc/cmsis_nn.h',
  // Words are what the widest buffers hold; Helium wants no more of addresses than the element.
  scratchAlignment: 8,
  whyNotCore: ({ features }) =>
    features.has('armv6m') || features.has('armv7m') ? undefined : 'the core is no Cortex-M',
  faultOf,
};

export function cmsisOption(option: VendorOption): KernelOption {
  return vendorOption(CMSIS_NN, option);
}

/** A call (inputs..., output, scratch, params). */
export function cmsisCall(context: LowerContext, call: VendorCall, extra: Partial<KernelCall> = {}): KernelCall {
  return vendorCall(CMSIS_NN, context, call, extra);
}

/** `cmsis_nn_dims`. */
export function dims(n: number, h: number, w: number, c: number): ParamValue {
  return { fields: { n: { int: n }, h: { int: h }, w: { int: w }, c: { int: c } } };
}

/** `cmsis_nn_tile` of [height, width]. */
export function tile([h, w]: readonly number[]): ParamValue {
  return { fields: { w: { int: w! }, h: { int: h! } } };
}
