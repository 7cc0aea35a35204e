/** Where a command writes, as an object: tests run commands in process and look at what they wrote. */
import pc from 'picocolors';

export interface Terminal {
  /** What was asked for: results, tables, JSON. */
  readonly out: (text: string) => void;
  /** Diagnostics and progress. */
  readonly err: (text: string) => void;
  /** Colour on standard output. */
  readonly color: boolean;
  /** Colour on standard error. */
  readonly errorColor: boolean;
  /** Someone watches standard error: progress lines may be drawn and erased. */
  readonly interactive: boolean;
  /** Columns. */
  readonly width: number;
  /** Working directory, absolute; paths on the command line are relative to it. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_WIDTH = 100;

/** The terminal of this process. Colour only on a TTY, never with NO_COLOR (https://no-color.org) or TERM=dumb. */
export function processTerminal(): Terminal {
  const { env, stdout, stderr } = process;
  const mayColor = (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    color: mayColor && stdout.isTTY === true,
    errorColor: mayColor && stderr.isTTY === true,
    interactive: stderr.isTTY === true && env.TERM !== 'dumb',
    width: stdout.columns ?? DEFAULT_WIDTH,
    cwd: process.cwd(),
    env,
  };
}

/** Text styles for standard output: the identity where there is no colour. */
export function stylesOf(terminal: Terminal) {
  return pc.createColors(terminal.color);
}
