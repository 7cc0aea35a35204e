/** A kernel that a layer must not take: it was found to be wrong there (verify/calls). */
export interface ExcludedKernel {
  /** First output of the layer's node in the lowered graph. */
  readonly output: string;
  /** C function of the call, `KernelCall.function`. */
  readonly kernel: string;
  /** What was found; stands in the report as the reason why another kernel runs the layer. */
  readonly because: string;
  /** The most that the wrong call took in its proof, where that counts. */
  readonly instructions?: number;
}
