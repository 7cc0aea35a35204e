/** The command `nanoc`. */
import { runCommandLine } from './cli/main.js';
import { processTerminal } from './cli/terminal.js';

// `nanoc ops | head`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), processTerminal());
