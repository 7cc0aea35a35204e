/** How ESP-NN is called. */
import type { KernelCall, ParamValue } from '../../ir/kernel-call.js';
import type { KernelOption, LowerContext } from '../../ops/define.js';
import { type Vendor, type VendorCall, type VendorOption, vendorCall, vendorOption } from '../vendor/option.js';

/** Which of the library's kernels the target has: those with the S3's or the P4's vector instructions, or the generic ones in C. */
export type Variant = 's3' | 'p4' | 'generic';

export function variantOf({ features }: LowerContext): Variant {
  if (!features.has('pie')) return 'generic';
  return features.has('xtensa') ? 's3' : 'p4';
}

/** Vector loads leave out the low four bits of an address. */
export const VECTOR_BYTES = 16;

/** Lengths are 16 bits wide in most of the library, and some differences of them are signed. */
export const LONGEST = 32767;

const ESP_NN: Vendor = {
  library: 'esp-nn',
  title: 'ESP-NN',
  header: 'nanoc/esp_nn.h',
  scratchAlignment: VECTOR_BYTES,
  alignment: VECTOR_BYTES,
};

/** @param option names the generic kernels; a chip has others under the same macros */
export function espOption(option: VendorOption): KernelOption {
  const whyLong = (context: LowerContext) => {
    const values = [context.required(0), context.output(0)];
    return values.some(({ shape }) => shape.some((n) => n > LONGEST)) ? 'a dimension is too long' : undefined;
  };
  return vendorOption(ESP_NN, {
    ...option,
    whyNot: (context, library) => whyLong(context) ?? option.whyNot(context, library),
  });
}

/** A call (inputs..., output, scratch, params). */
export function espCall(context: LowerContext, call: VendorCall, extra: Partial<KernelCall> = {}): KernelCall {
  return vendorCall(ESP_NN, context, call, extra);
}

/** `data_dims_t`. */
export function dims(height: number, width: number, channels: number): ParamValue {
  return { fields: { width: { int: width }, height: { int: height }, channels: { int: channels } } };
}

/** `data_2d_t` of [height, width]. */
export function pair([height, width]: readonly number[]): ParamValue {
  return { fields: { width: { int: width! }, height: { int: height! } } };
}
