/** A verification as people read it. */
import { grouped, shorten } from '../report/format.js';
import type { Divergence, OnnxRuntimeVerification, TensorDistance, VerifyResult } from '../verify/result.js';
import { renderTable } from './table.js';
import { stylesOf, type Terminal } from './terminal.js';

/** Tensors that are listed where the reference differs from ONNX Runtime. */
const LISTED = 10;

export function renderVerification(terminal: Terminal, result: VerifyResult): string {
  const style = stylesOf(terminal);
  const columns = [
    { title: result.target },
    { title: 'tensors', align: 'right' as const },
    { title: 'elements', align: 'right' as const },
    { title: 'result' },
  ];
  const mark = (good: boolean, words: string, bad: string) => (good ? style.green(words) : style.red(bad));
  const rows = result.builds.map((each) => [
    each.build,
    String(each.tensors),
    grouped(each.elements),
    mark(each.passed, 'every byte as the reference', 'differs'),
  ]);
  if (result.expected !== undefined) {
    const { passed, elements, differing, maxDistance } = result.expected;
    rows.push([
      'outputs in the vectors',
      '',
      grouped(elements),
      mark(passed, 'equal to the reference', distanceText(differing, maxDistance)),
    ]);
  }
  if (result.onnxRuntime !== undefined) rows.push(oracleRow(result.onnxRuntime, mark));
  return [
    renderTable(columns, rows, { head: style.bold, width: terminal.width }),
    ...oracleLines(result, terminal.width),
    ...(result.withoutCounterpart.length === 0
      ? []
      : [
          style.dim(
            `not in ONNX, compared through what is made of them: ${result.withoutCounterpart.map((name) => shorten(name, 40)).join(', ')}\n`,
          ),
        ]),
    `${style.bold(result.target)}: ${verdict(result, style)}\n`,
  ].join('');
}

function verdict(result: VerifyResult, style: ReturnType<typeof stylesOf>): string {
  const counted = `${result.vectors} ${result.vectors === 1 ? 'vector' : 'vectors'}, ${result.simulator}`;
  if (result.passed) return `${style.green(style.bold('bit-exact'))} at every layer (${counted})`;
  const { firstDivergence } = result;
  const place = firstDivergence === undefined ? '' : `\n${divergenceText(firstDivergence)}`;
  return `${style.red(style.bold('not bit-exact'))} (${counted})${place}`;
}

function divergenceText(divergence: Divergence): string {
  const fields: [string, string | undefined][] = [
    ['build', divergence.build],
    ['vector', `${divergence.vector + 1}, ${divergence.vectorLabel}`],
    ['layer', divergence.step === undefined ? divergence.node : `${divergence.step + 1}, ${divergence.node ?? ''}`],
    ['kernel', divergence.kernel],
    ['tensor', `"${divergence.tensor}"[${divergence.element.join(', ')}]`],
    ['expected', String(divergence.expected)],
    ['got', String(divergence.got)],
    ['differing', `${grouped(divergence.differing)} of ${grouped(divergence.of)}`],
  ];
  const lines = fields.flatMap(([label, text]) => (text === undefined ? [] : [`   ${label.padEnd(10)}${text}`]));
  return [`first divergence: ${divergence.message}`, ...lines].join('\n');
}

function oracleRow(
  oracle: OnnxRuntimeVerification,
  mark: (good: boolean, words: string, bad: string) => string,
): string[] {
  const largest = Math.max(0, ...oracle.tensors.map(({ maxDistance }) => maxDistance));
  const text = mark(oracle.passed, 'equal to ONNX Runtime', distanceText(oracle.differing, largest));
  return [
    `reference against ONNX Runtime ${oracle.version}`,
    String(oracle.tensors.length),
    grouped(oracle.elements),
    text,
  ];
}

function distanceText(differing: number, maxDistance: number): string {
  return `${grouped(differing)} differ, by ${Number(maxDistance.toPrecision(3))} at most`;
}

function oracleLines(result: VerifyResult, width: number): string[] {
  if (result.onnxRuntime === undefined) {
    return result.onnxRuntimeSkipped === undefined
      ? []
      : [`not compared with ONNX Runtime: ${result.onnxRuntimeSkipped}\n`];
  }
  const { tensors, remarks } = result.onnxRuntime;
  const differing = tensors.filter((each) => each.differing > 0);
  const more = differing.length > LISTED ? [`  ... and ${differing.length - LISTED} more tensors\n`] : [];
  return [
    ...differing.slice(0, LISTED).map((each) => tensorLine(each, width)),
    ...more,
    ...remarks.map((remark) => `  ${remark}\n`),
  ];
}

function tensorLine({ tensor, differing, elements, maxDistance }: TensorDistance, width: number): string {
  const text = `${distanceText(differing, maxDistance)}, of ${grouped(elements)}`;
  return `  "${shorten(tensor, Math.max(20, width - text.length - 6))}": ${text}\n`;
}
