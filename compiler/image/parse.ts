/** Reads the configuration of an image front end. */
import { z } from 'zod';
import { fail } from '../diagnostics/diagnostic.js';
import { type ImageSpec, imageSchema } from './schema.js';

/** The configuration's file, by its name (for messages) and its text. */
export interface ImageSource {
  readonly fileName: string;
  readonly text: string;
}

/** @throws CompileError NC0751 when the text is not JSON or does not fit the schema */
export function parseImageSpec({ fileName, text }: ImageSource): ImageSpec {
  const wrong = (because: string): never =>
    fail({ code: 'NC0751', message: `${fileName} does not describe an image front end`, because });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return wrong((error as Error).message);
  }
  const parsed = imageSchema.safeParse(document);
  return parsed.success ? parsed.data : wrong(z.prettifyError(parsed.error));
}
