/** A memory plan as people read it. */
import { grouped, shorten } from '../report/format.js';
import type { PlanJson } from '../report/index.js';
import { renderFields, renderTable } from './table.js';
import { stylesOf, type Terminal } from './terminal.js';

export function renderPlan(terminal: Terminal, document: PlanJson): string {
  const style = stylesOf(terminal);
  const { peak } = document;
  const bound =
    document.gap === 0 ? style.green('equal to the lower bound') : style.yellow(`${grouped(document.gap)} above it`);
  const where =
    peak.node === undefined
      ? ''
      : `step ${peak.step + 1} of ${document.steps.length}, "${shorten(peak.node, terminal.width - 36)}"`;
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
    ['peak', where],
  ];
  const columns = [{ title: 'bytes', align: 'right' as const }, { title: 'alive at the peak' }];
  const rows = peak.tensors.map(({ name, bytes }) => [grouped(bytes), name]);
  return [renderFields(fields), '\n', renderTable(columns, rows, { head: style.bold, width: terminal.width })].join('');
}
