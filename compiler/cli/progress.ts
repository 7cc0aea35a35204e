import type { Session } from './session.js';

/** Shorter work needs no line. */
const QUICK_MS = 1000;
const ERASE_LINE = '\r\u001b[2K';

/**
 * Runs an action under a line such as `compiling for cortex-m4 ...` on standard error, which appears after a second and is
 * erased at the end. Only on a terminal that someone watches. `update` changes the text.
 */
export async function withProgress<T>(
  session: Session,
  text: string,
  action: (update: (text: string) => void) => Promise<T>,
): Promise<T> {
  const { interactive, err } = session.terminal;
  if (!interactive || session.quiet || session.json) return action(() => {});
  let current = text;
  let shown = false;
  const draw = () => {
    shown = true;
    err(`${ERASE_LINE}${current} ...`);
  };
  const timer = setTimeout(draw, QUICK_MS);
  try {
    return await action((next) => {
      current = next;
      if (shown) draw();
    });
  } finally {
    clearTimeout(timer);
    if (shown) err(ERASE_LINE);
  }
}
