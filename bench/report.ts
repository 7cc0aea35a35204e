/** The results as text: for each model a table of nanoc and its peers, then what changed. */
import { type Column, renderTable } from '../compiler/cli/table.js';
import { changes, describe, group } from './compare.js';
import { figuresOf, type Peer, type PeerFigures } from './peers.js';
import { type Figure, keyOf, type Result } from './results.js';

const columns: readonly Column[] = [
  { title: 'target' },
  { title: 'tool' },
  { title: 'instructions', align: 'right' },
  { title: 'a MAC', align: 'right' },
  { title: 'RAM', align: 'right' },
  { title: 'arena', align: 'right' },
  { title: 'bound', align: 'right' },
  { title: 'flash', align: 'right' },
  { title: 'code', align: 'right' },
  { title: 'stack', align: 'right' },
  { title: 'exact', align: 'right' },
];

/** One table a model. `peerOf` gives the name of a model in the peers' figures. */
export function renderResults(
  results: readonly Result[],
  peers: readonly Peer[],
  peerOf: (model: string) => string | undefined,
): string {
  const models = [...new Set(results.map(({ model }) => model))].sort();
  const tables = models.map((model) => {
    const rows = results.filter((result) => result.model === model);
    const body = rows.flatMap((result) => rowsOf(result, figuresOf(peers, peerOf(model) ?? '', result.target)));
    return `${model}: ${group(rows[0]!.macs)} MACs\n${renderTable(columns, body)}`;
  });
  const shown = peers.filter((peer) => tables.some((table) => table.includes(peer.peer)));
  const sources = shown.map(({ peer, source }) => `${peer}: ${source}.\n`).join('');
  const legend = shown.length === 0 ? '' : `In brackets: how many times nanoc's own figure that is.\n${sources}`;
  return [...tables, legend].filter((text) => text !== '').join('\n');
}

function rowsOf(result: Result, peers: readonly (PeerFigures & { peer: string })[]): string[][] {
  const own = [
    result.target,
    `nanoc, ${result.kernels} kernels, ${result.optimize}`,
    ...[group(result.instructions), perMac(result.instructions, result.macs), group(result.ram), group(result.arena)],
    ...[
      group(result.lowerBound),
      group(result.flash),
      group(result.code),
      group(result.stack),
      result.exact ? 'yes' : 'NO',
    ],
  ];
  return [own, ...peers.map((peer) => peerRow(result, peer))];
}

function peerRow(result: Result, peer: PeerFigures & { peer: string }): string[] {
  const cell = (figure: Exclude<Figure, 'flash'>) => withRatio(peer[figure], result[figure]);
  const macs = peer.instructions === undefined ? '' : perMac(peer.instructions, result.macs);
  return [
    '',
    peer.peer,
    cell('instructions'),
    macs,
    cell('ram'),
    cell('arena'),
    '',
    '',
    cell('code'),
    cell('stack'),
    '',
  ];
}

function withRatio(theirs: number | undefined, ours: number): string {
  if (theirs === undefined) return '';
  return ours === 0 ? group(theirs) : `${group(theirs)} (${(theirs / ours).toFixed(2)})`;
}

function perMac(instructions: number, macs: number): string {
  return macs === 0 ? '' : (instructions / macs).toFixed(2);
}

/** Every figure that differs from the committed results. */
export function renderChanges(committed: readonly Result[], fresh: readonly Result[]): string {
  const known = new Set(committed.map(keyOf));
  const added = fresh.filter((result) => !known.has(keyOf(result))).map((result) => `${keyOf(result)}: new\n`);
  const changed = changes(committed, fresh).map((change) => `${keyOf(change)}: ${change.figure} ${describe(change)}\n`);
  const lines = [...added, ...changed];
  return lines.length === 0
    ? 'No figure differs from the committed ones.\n'
    : `Against the committed results:\n${lines.join('')}`;
}
