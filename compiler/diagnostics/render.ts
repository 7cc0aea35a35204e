import pc from 'picocolors';
import type { Diagnostic, Severity } from './diagnostic.js';

export interface RenderOptions {
  readonly color: boolean;
  /** Diagnostics that are printed of each severity; the rest is counted. All by default. */
  readonly limit?: number;
}

/** Diagnostics as text: the error line stands alone, what belongs to it is indented, `help` says what to do. */
export function renderDiagnostics(list: readonly Diagnostic[], options: RenderOptions): string {
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const counts: Record<Severity, number> = { error: 0, warning: 0, note: 0 };
  const shown = list.filter(({ severity }) => ++counts[severity] <= limit);
  const left = (['error', 'warning', 'note'] as const).filter((severity) => counts[severity] > limit);
  return [
    ...shown.map((diagnostic) => renderOne(diagnostic, options.color)),
    ...left.map((severity) => `... and ${counts[severity] - limit} more of severity ${severity}; --json gives all`),
  ].join('\n');
}

function renderOne(diagnostic: Diagnostic, color: boolean): string {
  const style = pc.createColors(color);
  const paint = { error: style.red, warning: style.yellow, note: style.cyan }[diagnostic.severity];
  const head = paint(`${diagnostic.severity}[${diagnostic.code}]`);
  const lines = [`${head}: ${style.bold(printable(diagnostic.message))}`];
  const field = (label: string, text: string | undefined) => {
    if (text === undefined) return;
    lines.push(`   ${label.padEnd(9)} ${printable(text).replaceAll('\n', `\n${' '.repeat(13)}`)}`);
  };
  field('node', diagnostic.node);
  field('expected', diagnostic.expected);
  field('because', diagnostic.because);
  if (diagnostic.help !== undefined) lines.push(`${style.bold('help')}: ${printable(diagnostic.help)}`);
  return lines.join('\n');
}

/** Names come from files of others: control characters must not reach the terminal. Line feeds stay. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
