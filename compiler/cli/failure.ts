/** Exceptions as diagnostics and exit codes: the only place where a stack trace could be printed, and is only on request. */
import { CommanderError } from 'commander';
import { CompileError, type Diagnostic, EXIT } from '../diagnostics/diagnostic.js';
import { renderDiagnostics } from '../diagnostics/render.js';
import { Interrupted } from './interrupt.js';
import { SHOWN } from './session.js';
import type { Terminal } from './terminal.js';

/** What a shell reports for a program that SIGINT ended: 128 + 2. */
export const INTERRUPTED = 130;

/** Renders what a command threw and gives the exit code. */
export async function reportFailure(error: unknown, terminal: Terminal, json: boolean): Promise<number> {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.good;
  // Help that was shown because nothing was asked for: it says what to do itself.
  if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage;
  if (error instanceof Interrupted) {
    terminal.err('nanoc: interrupted; nothing was left half-written\n');
    return INTERRUPTED;
  }
  const { diagnostics, exitCode } = describe(error, terminal);
  if (json) {
    const { documentText } = await import('./documents.js');
    terminal.out(documentText('failure', { ok: false, exitCode, diagnostics }));
  } else terminal.err(`${renderDiagnostics(diagnostics, { color: terminal.errorColor, limit: SHOWN })}\n`);
  return exitCode;
}

function describe(error: unknown, terminal: Terminal): { diagnostics: readonly Diagnostic[]; exitCode: number } {
  if (error instanceof CompileError) return error;
  if (error instanceof CommanderError) return { diagnostics: [wrongUse(error)], exitCode: EXIT.usage };
  const text = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && (terminal.env.NANOC_DEBUG ?? '') !== '' ? error.stack : undefined;
  const defect: Diagnostic = {
    code: 'NC0901',
    severity: 'error',
    message: 'nanoc has a defect',
    because: stack ?? text,
    help: 'please report it with the model and the command, or with the smallest model that shows it; NANOC_DEBUG=1 prints where it happened',
  };
  return { diagnostics: [defect], exitCode: EXIT.defect };
}

/** commander writes `error: unknown option '--tagret'\n(Did you mean --target?)`. */
function wrongUse(error: CommanderError): Diagnostic {
  const [first = '', ...rest] = error.message.split('\n');
  const hint = /\(Did you mean (.+)\?\)/.exec(rest.join(' '))?.[1];
  return {
    code: 'NC0801',
    severity: 'error',
    message: first.replace(/^error: /, '').replace(/\.$/, ''),
    help: hint === undefined ? '--help shows what is understood' : `did you mean ${hint}?`,
  };
}
