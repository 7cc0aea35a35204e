/** Sweeps of kernels over random shapes: some in `npm test`, thousands with NANOC_FULL=1. */
const FULL = process.env.NANOC_FULL !== undefined;

/** Random shapes of a sweep: compiling them is what takes the time, most of all under sanitizers. */
export const SHAPES = FULL ? { host: 400, target: 2000 } : { host: 12, target: 12 };

/** Time for a sweep. */
export const SWEEP_MS = FULL ? 3_600_000 : 300_000;
