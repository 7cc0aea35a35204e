/** A memory plan as people read it. */
import type { Bands } from '../bands/within.js';
import type { MemoryPlan } from '../ir/memory-plan.js';
import { arenaPicture } from '../report/arena-picture.js';
import { bandLines } from '../report/bands.js';
import { grouped } from '../report/format.js';
import type { PlanJson } from '../report/index.js';
import { renderFields } from './table.js';
import { stylesOf, type Terminal } from './terminal.js';

/** A wider picture is no clearer. */
const WIDEST = 120;

/** Size, bound and search in words, then the arena over time and what is alive at the peak. */
export function renderPlan(terminal: Terminal, plan: MemoryPlan, document: PlanJson, bands?: Bands): string {
  const style = stylesOf(terminal);
  const bound =
    document.gap === 0 ? style.green('equal to the lower bound') : style.yellow(`${grouped(document.gap)} above it`);
  const fields: [string, string][] = [
    [
      'arena',
      `${grouped(document.arenaBytes)} bytes, ${bound}${document.optimal ? '; no plan of this order is smaller' : ''}`,
    ],
    ['lower bound', `${grouped(document.lowerBound)} bytes`],
    ...(document.stateBytes === 0
      ? []
      : [['state', `${grouped(document.stateBytes)} bytes beside it`] as [string, string]]),
    ['order', document.search.order],
    ['placement', document.search.placement],
  ];
  const width = Math.min(terminal.width, WIDEST);
  const split = bands === undefined ? [] : ['\n', bandLines(bands, width).join('\n'), '\n'];
  return [renderFields(fields), ...split, '\n', arenaPicture(plan, { width }), '\n'].join('');
}
