/** report.json: what each layer of a model is, runs on and costs, and what the whole takes. */
import { z } from 'zod';
import { bandsSchema } from './bands.js';
import { measurementsSchema } from './measurements.js';
import { planSchema } from './plan-json.js';
import { streamSchema } from './stream.js';

const count = z.number().int().nonnegative();
const shape = z.array(count);

/** Arithmetic of a layer or, `tflite` where some layer has it, of a model (docs/NUMERICS.md). */
export const profileSchema = z.enum(['onnx', 'tflite']);

/** A vendor's library that kernels call: the user's own copy. */
export const librarySchema = z.object({
  name: z.enum(['cmsis-nn', 'esp-nn']),
  version: z.string(),
  /** Of its files. */
  sha256: z.string(),
  /** `single`: once; `double`: after the product and after the shift. */
  rounding: z.enum(['single', 'double']),
});

const portSchema = z.object({
  name: z.string(),
  dtype: z.string(),
  shape,
  bytes: count,
  scale: z.number().optional(),
  zeroPoint: z.number().int().optional(),
});

const layerSchema = z.object({
  step: count,
  node: z.string(),
  /** Its short name in the generated C: stem of `<symbol>_params`. */
  symbol: z.string(),
  /** ONNX nodes that were merged into this layer. */
  origins: z.array(z.string()),
  op: z.string(),
  kernel: z.string(),
  family: z.enum(['portable', 'native', 'cmsis-nn', 'esp-nn']),
  /** Arithmetic whose bytes the layer gives (docs/NUMERICS.md). */
  numerics: profileSchema,
  inputs: z.array(shape),
  outputs: z.array(shape),
  /** `kernel 3x3`, `stride 2`, `per-channel` ... */
  details: z.array(z.string()),
  macs: count,
  /** Constants that the layer reads; those shared with other layers are counted in each. */
  constantBytes: count,
  scratchBytes: count,
  /** Bytes of the arena that hold something during the step. */
  liveBytes: count,
  /** Computed in float32: named, because nobody should find out from a profile. */
  float: z.boolean(),
  reason: z.string().optional(),
  remarks: z.array(z.string()),
  instructions: count.optional(),
  /** What the cost model says of the instructions; absent where it has no formula for the kernel on this core. */
  predictedInstructions: count.optional(),
});

const partSchema = z.object({ part: z.string(), bytes: count });

/** A call that was found wrong by itself; what its layer runs instead, and takes, is in `layers`. */
const excludedSchema = z.object({
  step: count,
  kernel: z.string(),
  because: z.string(),
  /** The most that it took when it was proven, where that was counted. */
  instructions: count.optional(),
});

export const reportSchema = z.object({
  schemaVersion: z.literal(1),
  model: z.object({ name: z.string(), file: z.string(), command: z.string() }),
  target: z.object({ name: z.string(), description: z.string(), features: z.array(z.string()) }),
  numerics: profileSchema,
  libraries: z.array(librarySchema).optional(),
  inputs: z.array(portSchema),
  outputs: z.array(portSchema),
  states: z.array(z.object({ input: z.string(), output: z.string(), initial: z.number(), bytes: count })),
  layers: z.array(layerSchema),
  /** Kernels that layers must not take. */
  excluded: z.array(excludedSchema).optional(),
  totals: z.object({ macs: count, constantBytes: count }),
  memory: z.object({
    /** Known before the C compiler runs: code is not among them. Parameter structs as on a 32-bit core. */
    flash: z.array(partSchema),
    ram: z.array(partSchema),
    /** sizeof the model's context: all RAM but the stack and constants that are copied into fast RAM. */
    contextBytes: count,
    /** Of `--fast-ram`: constants that are copied there, and their estimated share of the bytes that an inference reads of constants. */
    fast: z.object({ bytes: count, share: z.number().min(0).max(1) }).optional(),
  }),
  plan: planSchema,
  /** Set when parts of the model run in bands, so that it fits into its RAM. */
  bands: bandsSchema.optional(),
  /** Set when the model is a step of `--stream`. */
  stream: streamSchema.optional(),
  diagnostics: z.array(
    z.object({
      code: z.string(),
      severity: z.enum(['error', 'warning', 'note']),
      message: z.string(),
      node: z.string().optional(),
      because: z.string().optional(),
      help: z.string().optional(),
    }),
  ),
  measurements: measurementsSchema.optional(),
});

export type Report = z.infer<typeof reportSchema>;
export type LayerReport = z.infer<typeof layerSchema>;
export type ExcludedReport = z.infer<typeof excludedSchema>;
