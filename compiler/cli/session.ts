/** What every command gets, and how commands end. */
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { renderDiagnostics } from '../diagnostics/render.js';
import type { DocumentKind } from './documents.js';
import type { Terminal } from './terminal.js';

export interface Session {
  readonly terminal: Terminal;
  /** One JSON document on standard output, nothing else. */
  readonly json: boolean;
  /** Nothing but what was asked for. */
  readonly quiet: boolean;
}

/** Diagnostics of one severity that text shows: a hostile model may earn a hundred thousand. */
export const SHOWN = 50;

/** Warnings and notes, on standard error; in JSON they are part of the document. */
export function showDiagnostics(session: Session, list: readonly Diagnostic[]): void {
  if (session.json || session.quiet || list.length === 0) return;
  session.terminal.err(`${renderDiagnostics(list, { color: session.terminal.errorColor, limit: SHOWN })}\n`);
}

/** Text for people: left out with --json and --quiet. */
export function say(session: Session, text: string): void {
  if (!session.json && !session.quiet) session.terminal.out(text);
}

/** The document of --json. Schemas are loaded only here: most runs print none. */
export async function printJson(session: Session, kind: DocumentKind, content: object): Promise<void> {
  const { documentText } = await import('./documents.js');
  session.terminal.out(documentText(kind, content));
}
