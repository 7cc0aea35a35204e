/** `nanoc build --renode`: a program that runs the model's self-test on the chip in Renode, with a platform, a script and a test for it. */
import type { Compilation, EmittedFile } from '../compilation.js';
import { fail } from '../diagnostics/diagnostic.js';
import { emitHost } from '../emit-host.js';
import type { Target } from '../ir/target.js';
import { render } from '../phases/6-emit/templates.js';
import { renodeFiles } from './renode.js';

/** Path of the program's ELF, in the folder of a build. */
export function selftestProgram({ name }: Compilation): string {
  return `${FOLDER}/${name}_selftest.elf`;
}

const FOLDER = 'renode';

/** The program's main, and what runs it. @throws CompileError NC0706 for a target that Renode has no description of */
export function selftestFiles(compilation: Compilation): EmittedFile[] {
  const { name, target } = compilation;
  checkRenode(target);
  const view = { name, macro: name.toUpperCase() };
  const main = { path: `${name}_selftest.c`, content: render(emitHost(), 'renode-selftest.c', view) };
  const title = 'The self-test passes';
  const program = `${name}_selftest.elf`;
  return [main, ...renodeFiles({ name, target, program, title })].map(({ path, content }) => ({
    path: `${FOLDER}/${path}`,
    content,
  }));
}

/** @throws CompileError NC0706 */
export function checkRenode({ name, renode }: Target): void {
  if (renode !== undefined) return;
  fail({
    code: 'NC0706',
    message: `${name} is not simulated by renode`,
    help: '`nanoc targets` lists the simulators of every target',
  });
}
