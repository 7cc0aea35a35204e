/** `image.json`, or the key `image` of nanoc.json: what a camera gives, and what becomes of it. docs/VISION.md */
import { z } from 'zod';
import { PIXEL_FORMATS } from './pixel-format.js';

const size = z.int().min(1).max(65535);
const offset = z.int().min(0).max(65535);
const numbers = z.union([z.number(), z.array(z.number()).min(1).max(3)]);

export const RESIZES = ['nearest', 'bilinear', 'area'] as const;

/** Unknown keys are errors: a misspelt one would leave out what it asks for. */
export const imageSchema = z.strictObject({
  $schema: z.string().optional(),
  frame: z.strictObject({ width: size, height: size, format: z.enum(PIXEL_FORMATS) }),
  /** The part of the frame that is looked at; without, all of it. */
  crop: z.strictObject({ x: offset, y: offset, width: size, height: size }).optional(),
  resize: z.enum(RESIZES).optional(),
  /** Name of the model's input; may be left out where only one can be an image. */
  input: z.string().min(1).optional(),
  layout: z.enum(['NCHW', 'NHWC']).optional(),
  /** The model was trained on (byte / 255 - mean) / std; one number, or one for each channel. */
  mean: numbers.optional(),
  std: numbers.optional(),
  /** Names of the classes, for `nanoc run --photo`. */
  labels: z.array(z.string()).optional(),
});

export type ImageSpec = z.infer<typeof imageSchema>;
