/** What was measured on the built firmware. Every field is absent where it was not, or cannot be, measured. */
import { z } from 'zod';

const count = z.number().int().nonnegative();

export const measurementsSchema = z
  .object({
    /** Bytes of flash of a program that only infers, less an empty program with the same startup code and C library. */
    flash: count,
    /** Bytes of the model's constants in it. */
    constants: count,
    /** flash - constants: kernels, calls, parameter structs, library helpers. */
    code: count,
    /** Bytes of static RAM of the model, with its inputs, outputs and state. */
    ram: count,
    /** Bytes of stack that an inference cannot exceed, from the compiler's call graph. */
    stackBound: count,
    /** Bytes of stack that an inference was seen to use, by painting. */
    stackPainted: count,
    /** Instructions of one inference, counted by the simulator: the most that a vector took or, with branches, that any way through them takes. */
    instructions: count,
    /** Of a model with branches: the mean over the vectors. */
    expectedInstructions: count,
    /** Instructions by step of the plan. */
    layers: z.array(z.object({ step: count, instructions: count })),
    /** Cycles of one inference, estimated from the instructions (docs/CYCLES.md): right within the fraction `error`, without wait states. */
    cycles: z.object({
      estimate: count,
      error: z.number(),
      layers: z.array(z.object({ step: count, estimate: count })),
    }),
    /** Where the figures come from and what they leave out, in words. */
    notes: z.array(z.string()),
  })
  .partial();

export type Measurements = z.infer<typeof measurementsSchema>;
