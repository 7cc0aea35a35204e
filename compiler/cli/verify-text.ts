/** A verification as people read it. */
import { instead } from '../report/excluded.js';
import { grouped, shorten } from '../report/format.js';
import type { CallsVerification, ReplacedCall } from '../verify/calls/route.js';
import type { CompositeVerification } from '../verify/composite.js';
import type { Divergence, OnnxRuntimeVerification, TensorDistance, VerifyResult } from '../verify/result.js';
import { renderTable } from './table.js';
import { stylesOf, type Terminal } from './terminal.js';

/** Tensors that are listed where the reference differs from ONNX Runtime. */
const LISTED = 10;
/** Columns of a name among others. */
const NAME_WIDTH = 40;

type Style = ReturnType<typeof stylesOf>;
/** `explained`: ONNX Runtime's own arithmetic, not the specification's (docs/NUMERICS.md). */
type State = 'equal' | 'explained' | 'wrong';

/** One line for each comparison, what differs, and the verdict. */
export function renderVerification(terminal: Terminal, result: VerifyResult): string {
  const style = stylesOf(terminal);
  const columns = [
    { title: result.target },
    { title: 'tensors', align: 'right' as const },
    { title: 'elements', align: 'right' as const },
    { title: 'result' },
  ];
  const table = renderTable(columns, rowsOf(result, style), { head: style.bold, width: terminal.width });
  const hidden = result.withoutCounterpart.map((name) => shorten(name, NAME_WIDTH)).join(', ');
  return [
    table,
    ...oracleLines(result, terminal.width),
    ...(hidden === '' ? [] : [style.dim(`not in ONNX, compared through what is made of them: ${hidden}\n`)]),
    ...expectedLines(result),
    ...(result.calls === undefined
      ? []
      : [...callLines(result.calls, result.simulator), ...result.calls.replaced.map(replacedText)]),
    `${style.bold(result.target)}: ${verdict(result, style)}\n`,
  ].join('');
}

/** One line: models in a mixed order in one arena. */
export function renderComposite(terminal: Terminal, target: string, result: CompositeVerification): string {
  const style = stylesOf(terminal);
  const what = `${result.runs} inferences in one arena, ${result.changes} changes from a model to another`;
  const text = result.passed ? 'every output as the reference, no state touched' : result.divergence!;
  return `${style.bold(target)}: ${what}: ${painted(style, result.passed ? 'equal' : 'wrong', text)}\n`;
}

function rowsOf({ builds, expected, windows, onnxRuntime }: VerifyResult, style: Style): string[][] {
  const device = builds.map(({ build, passed, tensors, elements }) => {
    const text = passed ? 'every byte as the reference' : 'differs';
    return [build, String(tensors), grouped(elements), painted(style, passed ? 'equal' : 'wrong', text)];
  });
  const given =
    expected === undefined
      ? []
      : [
          [
            'outputs in the vectors',
            '',
            grouped(expected.elements),
            comparison(style, expected, expected.maxDistance, expected.passed, 'the reference'),
          ],
        ];
  const streamed =
    windows === undefined
      ? []
      : [
          [
            `steps against ${windows.windows} ${windows.windows === 1 ? 'window' : 'windows'} of the model`,
            '',
            grouped(windows.elements),
            windows.passed
              ? painted(style, 'equal', 'every byte as the model')
              : painted(style, 'wrong', `${grouped(windows.differing)} differ`),
          ],
        ];
  return [...device, ...given, ...streamed, ...(onnxRuntime === undefined ? [] : [oracleRow(onnxRuntime, style)])];
}

function oracleRow(oracle: OnnxRuntimeVerification, style: Style): string[] {
  const largest = Math.max(0, ...oracle.tensors.map(({ maxDistance }) => maxDistance));
  const name = `reference against ONNX Runtime ${oracle.version}`;
  return [
    name,
    String(oracle.tensors.length),
    grouped(oracle.elements),
    comparison(style, oracle, largest, oracle.passed, 'ONNX Runtime'),
  ];
}

function comparison(
  style: Style,
  { differing }: { differing: number },
  largest: number,
  passed: boolean,
  other: string,
): string {
  if (differing === 0) return painted(style, 'equal', `equal to ${other}`);
  return painted(style, passed ? 'explained' : 'wrong', distanceText(differing, largest));
}

function painted(style: Style, state: State, text: string): string {
  return { equal: style.green, explained: style.yellow, wrong: style.red }[state](text);
}

function verdict(result: VerifyResult, style: Style): string {
  const counted = `${result.vectors} ${result.vectors === 1 ? 'vector' : 'vectors'}, ${result.simulator}`;
  if (result.builds.every(({ passed }) => passed)) {
    const exact = `${style.green(style.bold('bit-exact'))} at every layer (${counted})`;
    if (result.passed) return exact;
    const isWrong = result.calls !== undefined && !result.calls.passed;
    const { divergence } = result.windows ?? {};
    if (divergence !== undefined)
      return `${exact}, but ${style.red('its steps are not what the model computes')}\n${divergenceText('first divergence', divergence)}`;
    return `${exact}, but ${style.red(isWrong ? 'a call is wrong by itself' : 'the reference is not what ONNX Runtime computes')}`;
  }
  const { firstDivergence } = result;
  const place = firstDivergence === undefined ? '' : `\n${divergenceText('first divergence', firstDivergence)}`;
  return `${style.red(style.bold('not bit-exact'))} (${counted})${place}`;
}

function divergenceText(title: string, divergence: Divergence): string {
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
  return [`${title}: ${divergence.message}`, ...lines].join('\n');
}

/** Where the reference first differs from outputs that came with the vectors. */
function expectedLines({ expected }: VerifyResult): string[] {
  const divergence = expected?.divergence;
  return divergence === undefined ? [] : [`${divergenceText('first difference from the vectors', divergence)}\n`];
}

function distanceText(differing: number, maxDistance: number): string {
  return `${grouped(differing)} differ, by ${Number(maxDistance.toPrecision(3))} at most`;
}

function oracleLines({ onnxRuntime, onnxRuntimeSkipped }: VerifyResult, width: number): string[] {
  if (onnxRuntime === undefined) {
    return onnxRuntimeSkipped === undefined ? [] : [`not compared with ONNX Runtime: ${onnxRuntimeSkipped}\n`];
  }
  // What nothing explains comes first.
  const rank = ({ verdict: each }: TensorDistance) => (each === 'different' ? 0 : 1);
  const differing = onnxRuntime.tensors.filter((each) => each.differing > 0).sort((a, b) => rank(a) - rank(b));
  const more = differing.length > LISTED ? [`  ... and ${differing.length - LISTED} more tensors\n`] : [];
  const listed = differing.slice(0, LISTED).map((each) => tensorLine(each, width));
  return [...listed, ...more, ...onnxRuntime.remarks.map((remark) => `  ${remark}\n`)];
}

function tensorLine(
  { tensor, verdict: each, differing, elements, maxDistance }: TensorDistance,
  width: number,
): string {
  const text = `${each}: ${distanceText(differing, maxDistance)}, of ${grouped(elements)}`;
  return `  "${shorten(tensor, Math.max(20, width - text.length - 6))}" ${text}\n`;
}

/** What was found of single calls: how many are proven, which could not be run, which are wrong and stay, no other kernel being there. */
export function callLines({ calls }: CallsVerification, simulator = ''): string[] {
  const proven = calls.filter(({ verdict }) => verdict === 'proven').length;
  const open = new Map<string, number>();
  for (const call of calls) {
    if (call.verdict === 'not proven here') open.set(call.because, (open.get(call.because) ?? 0) + 1);
  }
  const wrong = calls.flatMap((call) =>
    call.verdict === 'wrong'
      ? [`wrong call: "${shorten(call.node, NAME_WIDTH)}" (${call.op}), ${call.kernel} ${call.fault.message}\n`]
      : [],
  );
  if (calls.length === 0) return [];
  return [
    `single calls: ${proven} of ${calls.length} proven\n`,
    ...[...open].map(([because, count]) => `  ${count} not proven here: ${because}\n`),
    ...wrong,
    ...(wrong.length > 0 && simulator.startsWith('board ') ? [LEFT_OUT] : []),
  ];
}

/** A board keeps the program that it has. */
const LEFT_OUT =
  '  nanoc build leaves out from now on, on this computer, what was found wrong: build, flash and verify again\n';

function replacedText({ node, op, kernel, fault, instructions, replacement }: ReplacedCall): string {
  const cost =
    instructions === undefined || replacement.instructions === undefined
      ? ''
      : `: ${instead(replacement.instructions, instructions)}`;
  return `wrong call replaced: "${shorten(node, NAME_WIDTH)}" (${op}), ${kernel}: ${fault.message}\n  replaced by ${replacement.kernel} (${replacement.family})${cost}\n`;
}
