/** Ctrl-C while there is something to clean up. */

/** The reason of the AbortSignal: SIGINT or SIGTERM came. */
export class Interrupted extends Error {
  constructor(readonly signalName: string) {
    super(`interrupted by ${signalName}`);
    this.name = 'Interrupted';
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs an action that has children or temporary files. A signal aborts it; the action ends its children, removes its files and
 * throws. Outside such actions nanoc only computes, and the signal ends the process at once as it does by default.
 */
export async function interruptible<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (name: string) => controller.abort(new Interrupted(name));
  for (const name of SIGNALS) process.on(name, stop);
  try {
    const result = await action(controller.signal);
    controller.signal.throwIfAborted();
    return result;
  } catch (error) {
    // Whatever an aborted action throws (a killed child, a removed file) follows from the interruption.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
}
