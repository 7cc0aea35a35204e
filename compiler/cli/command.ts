import type { Command } from 'commander';
import type { Session } from './session.js';

/** One subcommand. Its file imports nothing heavy at the top: what `run` needs is imported when it runs. */
export interface CommandDefinition {
  readonly name: string;
  readonly description: string;
  /** Shown by --help. */
  readonly examples: readonly string[];
  /** Declares arguments and options; --json and --quiet are added to every command. */
  declare(command: Command): void;
  /**
   * @param flags as commander parsed them
   * @param args in one list, where an argument takes several
   * @returns the exit code
   * @throws CompileError that carries the exit code
   */
  run(session: Session, flags: object, args: readonly (string | undefined)[]): Promise<number>;
}

/** Keeps the type of the flags inside one command. */
export function defineCommand<Flags extends object>(
  definition: Omit<CommandDefinition, 'run'> & {
    run(session: Session, flags: Flags, args: readonly (string | undefined)[]): Promise<number>;
  },
): CommandDefinition {
  return { ...definition, run: (session, flags, args) => definition.run(session, flags as Flags, args) };
}
