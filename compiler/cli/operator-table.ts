/** The support table of `nanoc ops` and docs/OPERATORS.md, from the operators' own descriptions. */
import type { OperatorDefinition } from '../ops/define.js';

export interface OperatorRow {
  readonly name: string;
  readonly domain: string;
  /** Name with the domain where it is not ai.onnx's. */
  readonly title: string;
  readonly opsets: readonly number[];
  /** How it runs between DequantizeLinear and QuantizeLinear. */
  readonly quantized: string;
  readonly summary: string;
}

/** ONNX operators by name; what nanoc adds for itself (domain ai.nanoc) occurs in no model and is left out. */
export function describeOperators(operators: readonly OperatorDefinition[]): OperatorRow[] {
  return operators
    .filter((operator) => operator.domain !== 'ai.nanoc')
    .map((operator) => ({
      name: operator.name,
      domain: operator.domain === '' ? 'ai.onnx' : operator.domain,
      title: operator.domain === '' ? operator.name : `${operator.domain}.${operator.name}`,
      opsets: operator.opsets,
      quantized: behaviour(operator),
      summary: operator.summary,
    }))
    .sort((a, b) => compare(a.domain, b.domain) || compare(a.name, b.name));
}

function behaviour(operator: OperatorDefinition): string {
  if (operator.kernels === undefined) return operator.normalize === undefined ? 'when compiling' : 'rewritten';
  return { integer: 'integers', table: 'table', 'moves-data': 'moves bytes', float: 'float only' }[operator.quantized];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** docs/OPERATORS.md. */
export function operatorsMarkdown(rows: readonly OperatorRow[]): string {
  return [
    '# Operators',
    '',
    'Written by `nanoc ops --markdown` from `compiler/ops/`; a test checks that it is fresh.',
    '',
    'The column *quantized* says how the operator runs between DequantizeLinear and QuantizeLinear, or as a QLinear operator:',
    '',
    '- *integers*: on int8 values directly',
    '- *table*: by a table of 256 bytes that the compiler computes',
    '- *moves bytes*: the values stay what they are',
    '- *rewritten*: it becomes other operators of this list before anything else happens',
    '- *when compiling*: only where its result follows from constants and shapes',
    '- *float only*: in float32, as an island that the report names',
    '',
    'Every operator with an integer form or table runs in float32 as well.',
    '',
    '| operator | opset versions | quantized | what is supported |',
    '|---|---|---|---|',
    ...rows.map(
      (row) => `| ${row.title} | ${row.opsets.join(', ')} | ${row.quantized} | ${row.summary.replaceAll('|', '\\|')} |`,
    ),
    '',
  ].join('\n');
}
