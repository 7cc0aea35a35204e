/** Wrong calls and what replaced them, in words. */
import { grouped } from './format.js';
import type { ExcludedReport, Report } from './schema.js';

/** For each excluded kernel: `step 2, conv: nanoc_a, proven wrong: ...` and `nanoc_b runs it: 1,200 instructions instead of 900`. */
export function excludedTexts({ excluded = [], layers }: Report): { wrong: string; instead: string }[] {
  return excluded.map((each) => {
    const layer = layers[each.step]!;
    const cost = costOf(each, layer.instructions ?? layer.predictedInstructions);
    return {
      wrong: `step ${each.step + 1}, ${layer.symbol}: ${each.kernel}, ${each.because}`,
      instead: `${layer.kernel} runs it${cost}`,
    };
  });
}

function costOf({ instructions: before }: ExcludedReport, now: number | undefined): string {
  return before === undefined || now === undefined ? '' : `: ${instead(now, before)}`;
}

/** `1,200 instructions instead of 900` */
export function instead(now: number, before: number): string {
  return `${grouped(now)} instructions instead of ${grouped(before)}`;
}
