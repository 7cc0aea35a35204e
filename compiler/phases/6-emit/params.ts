/** Parameter structs as C initialisers. */
import type { ParamValue } from '../../ir/kernel-call.js';
import type { ModelContext } from './context.js';
import { COLUMNS, floatLiteral, intLiteral } from './literals.js';

/** A struct initialiser without its outer braces' declaration: designated fields in the struct's order, packed into lines. */
export function structInitialiser(
  context: Pick<ModelContext, 'constants'>,
  node: string,
  fields: Readonly<Record<string, ParamValue>>,
): string {
  return braces(context, node, fields, '  ');
}

function braces(
  context: Pick<ModelContext, 'constants'>,
  node: string,
  fields: Readonly<Record<string, ParamValue>>,
  indent: string,
): string {
  const lines: string[] = [];
  let line = indent;
  const flush = () => {
    if (line !== indent) lines.push(line);
    line = indent;
  };
  for (const [name, value] of Object.entries(fields)) {
    const text = `.${name} = ${valueText(context, node, value, indent)},`;
    if (text.includes('\n')) {
      flush();
      lines.push(`${indent}${text}`);
      continue;
    }
    if (line !== indent && line.length + 1 + text.length > COLUMNS) flush();
    line += line === indent ? text : ` ${text}`;
  }
  flush();
  return `{\n${lines.join('\n')}\n${indent.slice(2)}}`;
}

function valueText(context: Pick<ModelContext, 'constants'>, node: string, value: ParamValue, indent: string): string {
  if ('int' in value) return intLiteral(value.int);
  if ('float' in value) return floatLiteral(value.float);
  if ('ints' in value) return `{${value.ints.map(intLiteral).join(', ')}}`;
  if ('constant' in value) return context.constants.addPacked(value.constant, node);
  if ('text' in value) return value.text;
  const inner = braces(context, node, value.fields, `${indent}  `);
  const oneLine = inner
    .replace(/,\n\s*\}$/, '}')
    .replace(/\s*\n\s*/g, ' ')
    .replace('{ ', '{');
  return oneLine.length + indent.length + 20 <= COLUMNS ? oneLine : inner;
}

/** Bytes of a struct on a 32-bit core: every field and pointer is four bytes (report and file head). */
export function structBytes(fields: Readonly<Record<string, ParamValue>>): number {
  let bytes = 0;
  for (const value of Object.values(fields)) {
    if ('fields' in value) bytes += structBytes(value.fields);
    else bytes += 4 * ('ints' in value ? value.ints.length : 1);
  }
  return bytes;
}
