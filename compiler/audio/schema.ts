/**
 * Parameters of an audio front end, `audio.json`. Names, units and defaults are those of TensorFlow Lite Micro's microfrontend
 * (tensorflow/lite/experimental/microfrontend), which models for wake words are trained with.
 */
import { z } from 'zod';

/** A part that can be left out by `false`. */
const optional = <T extends z.ZodType>(part: T) => z.union([z.literal(false), part]);
const share = z.number().min(0).max(1);

export const frontEndSchema = z.strictObject({
  $schema: z.string().optional(),
  /** Samples a second. */
  sampleRate: z.int().min(4000).max(96000).default(16000),
  /** Milliseconds of sound that one frame sees, and from one frame to the next. */
  windowMs: z.number().positive().default(30),
  strideMs: z.number().positive().default(10),
  /** A power of two; by default the smallest that a window fits into. */
  fftSize: z.int().optional(),
  /** Mel channels, between two frequencies in Hz. */
  channels: z.int().min(1).max(128).default(40),
  lowerHz: z.number().min(0).default(125),
  upperHz: z.number().positive().default(7500),
  noiseReduction: optional(
    z.strictObject({
      smoothingBits: z.int().min(0).max(11).default(10),
      evenSmoothing: share.default(0.025),
      oddSmoothing: share.default(0.06),
      minSignalRemaining: share.default(0.05),
    }),
  ).prefault({}),
  /** Per-channel amplitude normalization: the automatic gain. */
  pcan: optional(
    z.strictObject({
      strength: z.number().min(0).max(2).default(0.95),
      offset: z.number().min(1).max(32767).default(80),
      gainBits: z.int().min(1).max(31).default(21),
    }),
  ).prefault({}),
  /** Natural logarithm, in steps of 2 ** -scaleShift. */
  log: optional(z.strictObject({ scaleShift: z.int().min(0).max(10).default(6) })).prefault({}),
  /** Real value of one step of a feature: what the model was trained on. */
  scale: z.number().positive().default(0.0390625),
  /** The model's input for the features; not needed where it has one only. */
  input: z.string().min(1).optional(),
  /** Frames from one inference to the next; by default all of the input's. Needed where a model without state has a window of several. */
  frames: z.int().min(1).optional(),
});

export type FrontEndParameters = z.infer<typeof frontEndSchema>;
