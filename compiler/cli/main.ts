import { Command } from 'commander';
import { commands } from './commands/index.js';
import { reportFailure } from './failure.js';
import type { Session } from './session.js';
import type { Terminal } from './terminal.js';
import { packageVersion } from './version.js';

/**
 * Runs one command line.
 * @param args without node and the script
 * @returns exit code (DESIGN.md section 10): 0 good, 1 failed or over budget, 2 wrong use or bad model, 3 tool missing, 4 defect, 130 interrupted
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const state = { exitCode: 0 };
  try {
    await makeProgram(terminal, state).parseAsync([...args], { from: 'user' });
    return state.exitCode;
  } catch (error) {
    return await reportFailure(error, terminal, args.includes('--json'));
  }
}

function makeProgram(terminal: Terminal, state: { exitCode: number }): Command {
  const program = new Command('nanoc')
    .description('Compiles quantized ONNX models to static-memory C, runs it in a simulator and proves the bytes.')
    .version(packageVersion(), '-V, --version')
    .addHelpText('after', '\nExample:\n  $ nanoc build kws.onnx --target cortex-m4\n')
    .helpCommand(true);
  configure(program, terminal);
  for (const definition of commands) {
    const command = program
      .command(definition.name)
      .description(definition.description)
      .addHelpText('after', `\nExample:\n${definition.examples.map((line) => `  $ ${line}\n`).join('')}`);
    configure(command, terminal);
    definition.declare(command);
    command.option('--json', 'print one JSON document').option('--quiet', 'print nothing but what was asked for');
    command.action(async (...all: unknown[]) => {
      const flags = command.opts<{ json?: boolean; quiet?: boolean }>();
      const session: Session = { terminal, json: flags.json === true, quiet: flags.quiet === true };
      state.exitCode = await definition.run(session, flags, all.slice(0, -2).flat() as (string | undefined)[]);
    });
  }
  return program;
}

/** Nothing is written or ended behind our back: errors become diagnostics. */
function configure(command: Command, terminal: Terminal): void {
  command.exitOverride().configureOutput({
    writeOut: terminal.out,
    writeErr: terminal.out,
    outputError: () => {},
    getOutHelpWidth: () => terminal.width,
    getErrHelpWidth: () => terminal.width,
    getOutHasColors: () => terminal.color,
    getErrHasColors: () => terminal.color,
  });
}
