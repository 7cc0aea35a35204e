/** A memory plan as people read it. */
import type { MemoryPlan } from '../ir/memory-plan.js';
import { arenaPicture } from '../report/arena-picture.js';
import { grouped } from '../report/format.js';
import type { PlanJson } from '../report/index.js';
import { renderFields } from './table.js';
import { stylesOf, type Terminal } from './terminal.js';

/** A wider picture is no clearer. */
const WIDEST = 120;

/** Size, bound and search in words, then the arena over time and what is alive at the peak. */
export function renderPlan(terminal: Terminal, plan: MemoryPlan, document: PlanJson): string {
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
  return [renderFields(fields), '\n', arenaPicture(plan, { width: Math.min(terminal.width, WIDEST) }), '\n'].join('');
}
