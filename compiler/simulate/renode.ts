/** Renode (renode.io): whole chips. A platform, a script and a Robot Framework test, which `renode-test` runs. */
import type { EmittedFile } from '../compilation.js';
import { emitHost } from '../emit-host.js';
import type { Target } from '../ir/target.js';
import { render } from '../phases/6-emit/templates.js';
import type { SimulatorCommand } from './process.js';

/** No registry has it. */
export const renodeInstall =
  'unpack the portable package of https://github.com/renode/renode/releases and put its folder into PATH (docs/SIMULATORS.md)';

export interface RenodeProgram {
  /** Of the files, without their ends, and of the machine. */
  readonly name: string;
  readonly target: Target;
  /** Path of the ELF: absolute, or as seen from the script. */
  readonly program: string;
  /** What the test says that it does. */
  readonly title: string;
  /** Real time after which the test fails; it has no limit without. */
  readonly timeoutMs?: number;
}

/** `<name>.repl`, `<name>.resc` and `<name>.robot`: the test passes where the program ends well (semihosting, SYS_EXIT). */
export function renodeFiles({ name, target, program, title, timeoutMs }: RenodeProgram): EmittedFile[] {
  const { platform } = target.renode!;
  const flash = target.memories.find(({ kind }) => kind === 'flash')!;
  const view = {
    ...{ name, target: target.name, platform, title },
    elf: program.startsWith('/') ? `@${escaped(program)}` : `$ORIGIN/${program}`,
    vectors: `0x${flash.origin.toString(16)}`,
    timeout: timeoutMs === undefined ? 'NONE' : `${Math.ceil(timeoutMs / 1000)} seconds`,
  };
  const host = emitHost();
  return ['repl', 'resc', 'robot'].map((end) => ({
    path: `${name}.${end}`,
    content: render(host, `renode.${end}`, view),
  }));
}

/** Renode's monitor ends a path at a space. */
function escaped(path: string): string {
  return path.replace(/ /g, '\\ ');
}

/** Runs an ELF on the chip; the test ends by itself before the process is ended. */
export function renodeCommand(target: Target, program: string, { timeoutMs }: { timeoutMs: number }): SimulatorCommand {
  const name = 'program';
  return {
    command: ['renode-test', '--results-dir', 'results', `${name}.robot`],
    tool: 'Renode',
    install: renodeInstall,
    files: renodeFiles({ name, target, program, title: 'The program ends well', timeoutMs: timeoutMs * WITHIN }),
  };
}

/** Part of the time limit that the test itself takes for its own. */
const WITHIN = 0.9;
