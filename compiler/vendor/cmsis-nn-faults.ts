/**
 * What is known to be wrong in versions of CMSIS-NN, with the number of the upstream issue or pull request where there is one: a call that meets one is
 * routed to nanoc's own kernel, and the report says why. What nobody has found yet is for `nanoc verify`.
 */
import type { LowerContext } from '../ops/define.js';
import type { Library } from './library.js';

interface Fault {
  readonly functions: readonly string[];
  /** Upstream's number; absent where nanoc's own tests found it (compiler/kernels/cmsis-nn/layers.test.ts). */
  readonly number?: number;
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
    functions: ['arm_transpose_s8'],
    number: 154,
    because: 'with Helium it scatters over more than 255 bytes by offsets of one byte',
    isIn: (library) => fileHas(library, 'arm_transpose_s8.c', /vstrbq_scatter_offset_p_s8\(output_ptr, vector_offset/),
    meets: ({ features }) => features.has('mve'),
  },
  {
    functions: ['arm_transpose_s8'],
    because: 'with Helium it exchanges the last two of four dimensions although they stay in their order',
    isIn: (library) => fileHas(library, 'arm_transpose_s8.c', /perm\[0\] == 0 && perm\[1\] == 1\)/),
    meets: ({ features, ...view }) => features.has('mve') && view.ints('perm').every((axis, i) => axis === i),
  },
  {
    functions: ['arm_transpose_s8'],
    because: 'with Helium it gathers by offsets of 16 bits',
    isIn: (library) => fileHas(library, 'arm_transpose_s8.c', /vidupq_u16/),
    // Eight rows of the innermost dimension at a time.
    meets: ({ features, ...view }) => features.has('mve') && 7 * view.required(0).shape.at(-1)! > 0xffff,
  },
  {
    functions: ['arm_avgpool_s8', 'arm_max_pool_s8'],
    number: 90,
    because: 'only the first image of a batch is pooled',
    isIn: (library) => !fileHas(library, 'arm_max_pool_s8.c', /batch_cnt/),
    meets: (context) => context.required(0).shape[0] !== 1,
  },
  {
    functions: ['arm_softmax_s8'],
    number: 30,
    because: 'GCC 12 fails on it for cores with Helium',
    isIn: ({ files }) => !files.some(({ content }) => content.includes('ARM_GCC_12_2_ICE')),
    meets: ({ features }) => features.has('mve'),
  },
];

/** Why these functions of this copy must not be called for this node; undefined where nothing is known against them. */
export function faultOf(context: LowerContext, library: Library, functions: readonly string[]): string | undefined {
  const fault = FAULTS.find(
    (each) => each.functions.some((name) => functions.includes(name)) && each.isIn(library) && each.meets(context),
  );
  if (fault === undefined) return undefined;
  const source = fault.number === undefined ? 'found by the tests of nanoc' : `CMSIS-NN#${fault.number}`;
  return `CMSIS-NN ${library.version}: ${fault.because} (${source})`;
}
