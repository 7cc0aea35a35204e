import type { Diagnostic } from './diagnostic.js';

const COLOR = { error: '\u001b[31m', warning: '\u001b[33m', note: '\u001b[36m', bold: '\u001b[1m', reset: '\u001b[0m' };

/** Diagnostics as text: the error line stands alone, what belongs to it is indented, `help` says what to do. */
export function renderDiagnostics(list: readonly Diagnostic[], options: { readonly color: boolean }): string {
  return list.map((diagnostic) => renderOne(diagnostic, options.color)).join('\n');
}

function renderOne(diagnostic: Diagnostic, color: boolean): string {
  const paint = (code: string, text: string) => (color ? `${code}${text}${COLOR.reset}` : text);
  const head = paint(COLOR[diagnostic.severity], `${diagnostic.severity}[${diagnostic.code}]`);
  const lines = [`${head}: ${paint(COLOR.bold, diagnostic.message)}`];
  const field = (label: string, text: string | undefined) => {
    if (text !== undefined) lines.push(`   ${label.padEnd(9)} ${text.replaceAll('\n', `\n${' '.repeat(13)}`)}`);
  };
  field('node', diagnostic.node);
  field('expected', diagnostic.expected);
  field('because', diagnostic.because);
  if (diagnostic.help !== undefined) lines.push(`${paint(COLOR.bold, 'help')}: ${diagnostic.help}`);
  return lines.join('\n');
}
