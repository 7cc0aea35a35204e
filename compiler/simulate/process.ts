/** A simulator that is a program of its own: it finds `stimulus.bin` in its working folder and leaves `response.bin` there. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { EmittedFile } from '../compilation.js';
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import { withTemporaryFolder } from '../toolchain/temporary.js';
import type { Outcome, RunLimits } from './simulator.js';

/** A command, and what its end means. */
export interface SimulatorCommand {
  readonly command: readonly string[];
  /** What is missing when the command is not there, and what installs it. */
  readonly tool: string;
  readonly install: string;
  /** Written into its working folder before. */
  readonly files?: readonly EmittedFile[];
  /** Exit code with which the command says that the tool is missing. */
  readonly missingCode?: number;
}

/** Lines of a program's output that a message shows. */
const SHOWN_LINES = 12;

/**
 * Runs the command in a folder of its own, which is removed afterwards.
 * @throws CompileError NC0701 (exit code 3) when the simulator is not installed; the reason of the signal when it was aborted
 */
export async function runProcess(request: SimulatorCommand, stimulus: Uint8Array, limits: RunLimits): Promise<Outcome> {
  const { timeoutMs: timeout, signal, onText } = limits;
  signal?.throwIfAborted();
  const [tool, ...args] = request.command;
  return withTemporaryFolder('nanoc-run-', async (cwd) => {
    await writeFile(join(cwd, 'stimulus.bin'), stimulus);
    for (const { path, content } of request.files ?? []) await writeFile(join(cwd, path), content);
    const options = { cwd, timeout, reject: false, stdin: 'ignore', all: true, forceKillAfterDelay: 1000 } as const;
    const started = execa(tool!, args, { ...options, ...(signal === undefined ? {} : { cancelSignal: signal }) });
    if (onText !== undefined) {
      const decoder = new TextDecoder();
      started.all.on('data', (chunk: Uint8Array) => onText(decoder.decode(chunk, { stream: true })));
    }
    const run = await started;
    if (run.isCanceled) throw signal?.reason ?? new Error('cancelled');
    if (run.code === 'ENOENT' || (run.exitCode !== undefined && run.exitCode === request.missingCode)) {
      fail({ code: 'NC0701', message: `${request.tool} is not installed`, help: request.install }, EXIT.missingTool);
    }
    const text = (run.all ?? '').trim();
    const said = text === '' ? {} : { because: text.split('\n').slice(0, SHOWN_LINES).join('\n') };
    const response = await readFile(join(cwd, 'response.bin')).catch(() => undefined);
    const ended = (code: 'NC0702' | 'NC0703', message: string): Outcome => ({
      response: response ?? new Uint8Array(),
      failure: { code, severity: 'error', message, ...said },
    });
    if (run.timedOut) return ended('NC0702', `the program did not end within ${timeout} ms`);
    if (run.failed) return ended('NC0703', `the program ended with ${run.signal ?? `exit code ${run.exitCode}`}`);
    if (response === undefined) return ended('NC0703', 'the program ended without a response');
    return { response: new Uint8Array(response) };
  });
}
