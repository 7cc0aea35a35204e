/** The parts of the runtime that text in and out needs. */
import type { Needed } from '../phases/6-emit/runtime-files.js';

export const textRuntime: readonly Needed[] = [
  { header: 'nanoc/tokenizer.h', sources: [] },
  { header: 'nanoc/sampler.h', sources: ['portable/nanoc_exp.c'] },
];
