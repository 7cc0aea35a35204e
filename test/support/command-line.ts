/** Runs command lines in process, and keeps what they wrote. */
import { runCommandLine } from '../../compiler/cli/main.js';
import type { Terminal } from '../../compiler/cli/terminal.js';

export interface CommandResult {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** A terminal without colour that writes into strings. */
export function recordingTerminal(overrides: Partial<Terminal> = {}) {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    color: false,
    errorColor: false,
    interactive: false,
    width: 100,
    cwd: process.cwd(),
    env: {},
    ...overrides,
  };
  return { terminal, written: () => ({ out, err }) };
}

/** `nanoc <args>` in process. */
export async function nanoc(args: readonly string[], overrides: Partial<Terminal> = {}): Promise<CommandResult> {
  const { terminal, written } = recordingTerminal(overrides);
  const exitCode = await runCommandLine(args, terminal);
  return { exitCode, ...written() };
}

/** Codes of the diagnostics that `--json` or the text form names, in order. */
export function codesIn({ out, err }: CommandResult): string[] {
  return [...`${out}${err}`.matchAll(/(?:error|warning|note)\[(NC\d{4})\]|"code": "(NC\d{4})"/g)].map(
    (match) => match[1] ?? match[2]!,
  );
}
