/** What a step of a stream takes, beside the model of a window, for report.json and for people. */
import { z } from 'zod';
import type { Compilation } from '../compilation.js';
import { contextBytesOf } from '../phases/6-emit/buffers.js';
import { costOf } from '../stream/cost.js';
import { grouped } from './format.js';

const count = z.number().int().nonnegative();
const costSchema = z.object({ macs: count, ram: count });

export const streamSchema = z.object({
  input: z.string(),
  axis: count,
  /** Rows of the input: of a step, and of the window that its outputs are of. */
  hop: count,
  window: count,
  pads: z.enum(['window', 'history']),
  warmUpSteps: count,
  /** Multiply-accumulates and bytes of static RAM: of a step, and of the model that computes a window at once. */
  step: costSchema,
  original: costSchema,
});

export type StreamReport = z.infer<typeof streamSchema>;

export function streamJson({ streamed, plan, target, graph }: Compilation): StreamReport | undefined {
  if (streamed === undefined) return undefined;
  const { input, axis, hop, window, pads, warmUpSteps, originalCost } = streamed;
  const step = costOf({ plan, ram: contextBytesOf({ graph, plan, target }) });
  return { input, axis, hop, window, pads, warmUpSteps, step, original: originalCost };
}

export function streamLines({ hop, window, warmUpSteps, step, original }: StreamReport): string[] {
  const valid = warmUpSteps === 0 ? 'valid from the first step on' : `valid after ${grouped(warmUpSteps)} steps`;
  return [
    `stream  ${grouped(hop)} of ${grouped(window)} rows a step, outputs ${valid}`,
    `  a step takes ${grouped(step.macs)} MACs, a window at once ${grouped(original.macs)}`,
    `  a step takes ${grouped(step.ram)} bytes of RAM, a window at once ${grouped(original.ram)}`,
  ];
}
