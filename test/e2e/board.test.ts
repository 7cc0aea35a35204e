/** `--sim board`: the program of `nanoc build --board` on a serial line, in good order and bad. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readModelFile } from '../../compiler/cli/model-file.js';
import type { EmittedFile } from '../../compiler/compilation.js';
import { compile } from '../../compiler/index.js';
import type { KernelCall } from '../../compiler/ir/kernel-call.js';
import { runModel } from '../../compiler/simulate/session.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { FaultStore } from '../../compiler/verify/calls/fault-store.js';
import { knownFaults, proveCalls } from '../../compiler/verify/calls/prove.js';
import { defaultVectors } from '../../compiler/verify/default-vectors.js';
import { verifyModel } from '../../compiler/verify/verify.js';
import { nanoc } from '../support/command-line.js';
import { branchModel, streamModel } from '../support/quantized-models.js';
import { type SimulatedBoard, startBoard } from '../support/simulated-board.js';
import { workFolder } from '../support/work-folder.js';

const work = workFolder();
const boards: SimulatedBoard[] = [];
afterEach(() => {
  for (const { stop } of boards.splice(0)) stop();
});

const start: typeof startBoard = async (...args) => {
  const board = await startBoard(...args);
  boards.push(board);
  return board;
};
const onBoard = ({ port }: SimulatedBoard) => ({ name: 'board', port, baud: 115_200 }) as const;
const example = (name: string) => readModelFile(join(packageRoot(), `examples/${name}/${name}.onnx`));
const branch = () => compile(branchModel(), { target: 'host' });

describe('a board', () => {
  it.each([
    { target: 'host', name: 'motion' },
    { target: 'cortex-m4', name: 'sine' },
  ])(
    'with the program for $target: $name is bit-exact at every layer',
    async ({ target, name }) => {
      const compilation = await compile(example(name), { target });
      const board = await start(compilation, work.path);
      const vectors = defaultVectors(compilation.reference, { count: 2 });
      const result = await verifyModel(compilation, vectors, { simulator: onBoard(board), onnxRuntime: 'off' });
      expect(result.firstDivergence).toBeUndefined();
      expect(result).toMatchObject({ passed: true, simulator: `board at ${board.port}` });
      expect(result.builds).toHaveLength(2);
    },
    60_000,
  );

  it('on a line that loses, changes and doubles bytes gives the same outputs', async () => {
    const compilation = await branch();
    const { vectors } = defaultVectors(compilation.reference, { count: 2 });
    const board = await start(compilation, work.path, ['noise=400']);
    const there = await runModel(compilation, vectors, { simulator: onBoard(board), mode: 'profile' });
    const here = await runModel(compilation, vectors, {});
    expect(there.steps.map(({ outputs }) => outputs)).toEqual(here.steps.map(({ outputs }) => outputs));
  }, 60_000);

  it('whose program writes outside of its own is found out, with the step', async () => {
    const compilation = await branch();
    const board = await start(compilation, work.path, [], (files) =>
      files.map(({ path, content }) => ({
        path,
        content: content.replace(
          'branch_step(&guarded.model)',
          '((guarded.after[5] ^= 1u), branch_step(&guarded.model))',
        ),
      })),
    );
    const vectors = defaultVectors(compilation.reference, { count: 1 });
    const result = await verifyModel(compilation, vectors, { simulator: onBoard(board), onnxRuntime: 'off' });
    expect(result.passed).toBe(false);
    expect(result.firstDivergence?.message).toMatch(
      /^step 1 ".*" .* changed 1 byte that are not its own, .*memory around the context at byte 5: 196, before 197/,
    );
  }, 60_000);
});

describe('single calls on a board', () => {
  const changed = (path: string, from: string | RegExp, to: string) => (files: EmittedFile[]) => {
    const after = files.map((file) => (file.path === path ? { path, content: file.content.replace(from, to) } : file));
    expect(after).not.toEqual(files);
    return after;
  };
  const first = (call: KernelCall) => call.node.op === 'Conv' && call.node.outputs[0]!.startsWith('a');

  it('are proven one by one, state in its place', async () => {
    const options = { target: 'host', simulator: 'board', states: ['next=past'] } as const;
    const compilation = await compile(streamModel(), options);
    const board = await start(compilation, work.path);
    const proofs = await proveCalls(compilation, { wanted: () => true, simulator: onBoard(board) });
    expect(proofs.filter(({ verdict }) => verdict !== 'proven')).toMatchObject([{ op: 'Copy' }, { op: 'Copy' }]);
    expect(proofs.length).toBeGreaterThan(2);
  }, 60_000);

  it('that are wrong there are named, with the element, and are known to the next build', async () => {
    const faults = new FaultStore(join(work.path, 'faults'));
    const compilation = await compile(branchModel(), { target: 'host', simulator: 'board' });
    // The first weight is another one.
    const change = changed(
      'branch_weights.c',
      /(const int8_t branch_\w+\[\d+\] = \{\s*)(-?\d+)/,
      '$1(int8_t)($2 ^ 64)',
    );
    const board = await start(compilation, work.path, [], change);
    const [wrong] = await proveCalls(compilation, { wanted: first, simulator: onBoard(board), faults });
    expect(wrong).toMatchObject({ verdict: 'wrong', fault: { kind: 'output', element: expect.any(Array) } });
    const found = await knownFaults(await branch(), faults);
    expect(found.map(({ output }) => output)).toEqual([wrong!.output]);
  }, 60_000);

  it('that write elsewhere are found out', async () => {
    const compilation = await compile(branchModel(), { target: 'host', simulator: 'board' });
    const step = 'branch_step(&guarded.model)';
    const change = changed('branch_board.c', step, `((guarded.after[5] ^= 1u), ${step})`);
    const board = await start(compilation, work.path, [], change);
    const [proof] = await proveCalls(compilation, { wanted: first, simulator: onBoard(board) });
    expect(proof).toMatchObject({
      verdict: 'wrong',
      fault: { kind: 'memory', message: expect.stringMatching(/^changes 1 byte .* around the context at byte 69/) },
    });
  }, 60_000);
});

describe('a run on a board that fails', () => {
  const failing = async (args: readonly string[], timeoutMs?: number) => {
    const compilation = await branch();
    const board = await start(compilation, work.path, args);
    const { vectors } = defaultVectors(compilation.reference, { count: 2 });
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    return runModel(compilation, vectors, { simulator: onBoard(board), mode: 'profile', ...limit });
  };

  it('says that the board was reset, and where', async () => {
    await expect(failing(['reset=400'])).rejects.toMatchObject({
      exitCode: 1,
      diagnostics: [
        { code: 'NC0708', message: expect.stringContaining('reset in the middle'), node: expect.any(String) },
      ],
    });
  }, 60_000);

  it('says that the board does not answer', async () => {
    await expect(failing(['deaf=1'])).rejects.toMatchObject({
      diagnostics: [{ code: 'NC0708', message: 'the board does not answer' }],
    });
  }, 60_000);

  it('says that answers are damaged', async () => {
    await expect(failing(['noise=3'])).rejects.toMatchObject({
      diagnostics: [{ code: 'NC0708', message: 'the answers of the board are damaged' }],
    });
  }, 60_000);

  it('says that the board holds another program', async () => {
    const board = await start(await branch(), work.path);
    const other = await compile(branchModel(2), { target: 'host' });
    const { vectors } = defaultVectors(other.reference, { count: 1 });
    await expect(runModel(other, vectors, { simulator: onBoard(board) })).rejects.toMatchObject({
      diagnostics: [{ code: 'NC0709' }],
    });
  }, 60_000);
});

describe('on the command line', () => {
  const model = join(packageRoot(), 'examples/sine/sine.onnx');

  it('build --board writes the program, run asks it', async () => {
    const output = join(work.path, 'out');
    const build = await nanoc(['build', model, '--target', 'host', '--no-compile', '--board', '--output', output]);
    expect(build.exitCode).toBe(0);
    expect(['sine_board.h', 'sine_board.c'].every((name) => existsSync(join(output, name)))).toBe(true);
    const { port } = await start(await compile(readModelFile(model), { target: 'host' }), work.path);
    const run = await nanoc(['run', model, '--target', 'host', '--sim', 'board', '--port', port]);
    expect(run.out).toContain(`board at ${port}: results on the chip itself`);
    expect(run.exitCode).toBe(0);
  }, 60_000);

  it('verify --prove proves its calls', async () => {
    const { port } = await start(await compile(readModelFile(model), { target: 'host' }), work.path);
    const args = ['--target', 'host', '--sim', 'board', '--port', port, '--prove', 'all', '--count', '1', '--json'];
    const { exitCode, out } = await nanoc(['verify', model, ...args]);
    const [result] = JSON.parse(out).results;
    expect(result.calls.calls.map(({ verdict }: { verdict: string }) => verdict)).toEqual(
      result.calls.calls.map(() => 'proven'),
    );
    expect(exitCode).toBe(0);
  }, 60_000);

  it('says what is missing', async () => {
    const without = await nanoc(['run', model, '--target', 'host', '--sim', 'board']);
    expect(without.err).toContain('NC0707');
    const port = join(work.path, 'none');
    const absent = await nanoc(['run', model, '--target', 'host', '--sim', 'board', '--port', port]);
    expect(absent.err).toContain(`the serial port "${port}" cannot be opened`);
  }, 60_000);
});
