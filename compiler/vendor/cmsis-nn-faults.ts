/**
 * What is known to be wrong in versions of CMSIS-NN, with the number of the upstream issue or pull request: a call that meets one is
 * routed to nanoc's own kernel, and the report says why. What nobody has found yet is for `nanoc verify`.
 */
import type { LowerContext } from '../ops/define.js';
import type { Library } from './library.js';

interface Fault {
  readonly functions: readonly string[];
  /** Upstream's number. */
  readonly number: number;
  readonly because: string;
  /** Versions, or text that is in the faulty source and not in the mended one. */
  readonly isIn: (library: Library) => boolean;
  /** Calls that meet it. */
  readonly meets: (context: LowerContext) => boolean;
}

/** Whether some file of this name matches. */
function fileHas({ files }: Library, name: string, pattern: RegExp): boolean {
  return files.some(({ path, content }) => path.endsWith(`/${name}`) && pattern.test(content));
}

const FAULTS: readonly Fault[] = [
  {
    functions: ['arm_transpose_conv_s8', 'arm_transpose_conv_wrapper_s8'],
    number: 230,
    because: 'rows are misplaced where the top padding is no multiple of the stride',
    isIn: (library) => !fileHas(library, 'arm_transpose_conv_s8.c', /rows_to_flush/),
    meets: (context) => (context.ints('pads')[0] ?? 0) % (context.ints('strides')[0] ?? 1) !== 0,
  },
  {
    functions: ['arm_transpose_conv_s8', 'arm_transpose_conv_wrapper_s8'],
    number: 204,
    because: 'its buffer size is that of another path on cores with Helium',
    isIn: (library) => fileHas(library, 'arm_nnfunctions.h', /arm_transpose_conv_s8_get_buffer_size_dsp/),
    meets: ({ features }) => features.has('mve'),
  },
  {
    functions: ['arm_transpose_s8'],
    number: 154,
    because: 'with Helium it scatters over more than 255 bytes by offsets of one byte',
    isIn: (library) => fileHas(library, 'arm_transpose_s8.c', /vstrbq_scatter_offset_p_s8\(output_ptr, vector_offset/),
    meets: ({ features }) => features.has('mve'),
  },
  {
    functions: ['arm_softmax_s8'],
    number: 30,
    because: 'GCC 12 fails on it for cores with Helium',
    isIn: (library) => !fileHas(library, 'arm_nn_math_types.h', /ARM_GCC_12_2_ICE/),
    meets: ({ features }) => features.has('mve'),
  },
];

/** Why these functions of this copy must not be called for this node; undefined where nothing is known against them. */
export function faultOf(context: LowerContext, library: Library, functions: readonly string[]): string | undefined {
  const fault = FAULTS.find(
    (each) => each.functions.some((name) => functions.includes(name)) && each.isIn(library) && each.meets(context),
  );
  return fault === undefined ? undefined : `CMSIS-NN ${library.version}: ${fault.because} (CMSIS-NN#${fault.number})`;
}
