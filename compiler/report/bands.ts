/** What running in bands costs, for report.json and for people. */
import { z } from 'zod';
import type { Bands } from '../bands/within.js';
import { grouped, shorten } from './format.js';

const count = z.number().int().nonnegative();
const beforeAfter = z.object({ before: count, after: count });

export const bandsSchema = z.object({
  /** Bytes of RAM that were asked for. */
  budget: count,
  regions: z.array(z.object({ nodes: z.array(z.string()), bands: count, copiedElements: count })),
  ram: beforeAfter,
  macs: beforeAfter,
  calls: beforeAfter,
  /** C functions that the calls use. */
  functions: beforeAfter,
  /** Rows that are copied from band to band. */
  copiedBytes: count,
});

/** The section of a report; a copy, since reports are plain data. */
export function bandsJson(bands: Bands): z.infer<typeof bandsSchema> {
  return { ...bands, regions: bands.regions.map((region) => ({ ...region, nodes: [...region.nodes] })) };
}

/** A line for the whole, and one for each region. */
export function bandLines(bands: Bands, width: number): string[] {
  const { budget, ram, macs, calls, functions, copiedBytes } = bands;
  const more = macs.after - macs.before;
  return [
    `bands  ${grouped(ram.after)} bytes of RAM instead of ${grouped(ram.before)}, to fit into ${grouped(budget)}`,
    `  costs: ${grouped(more)} multiply-accumulates more, ${grouped(copiedBytes)} bytes copied, ${calls.after - calls.before} calls more, ${functions.after - functions.before} functions more`,
    ...bands.regions.map((region) => {
      const [first, last] = [region.nodes[0]!, region.nodes.at(-1)!];
      const half = Math.max(16, Math.floor((width - 40) / 2));
      return `  ${region.bands} bands of ${region.nodes.length} layers, "${shorten(first, half)}" to "${shorten(last, half)}"`;
    }),
  ];
}
