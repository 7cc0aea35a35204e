import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { branchModel, streamModel } from '../../test/support/quantized-models.js';
import { simulatedTargets } from '../../test/support/simulated-targets.js';
import type { EmittedFile } from '../compilation.js';
import { type Compilation, compile, emitFiles } from '../index.js';
import type { Tensor } from '../ir/tensor.js';
import { evaluateSteps } from '../reference/evaluate.js';
import { defaultVectors } from '../verify/default-vectors.js';
import { createRunner } from './runner.js';
import { runModel } from './session.js';

const root = mkdtempSync(join(tmpdir(), 'nanoc-session-'));
afterAll(() => rmSync(root, { recursive: true }));

const stream = { states: ['next=past'] };
const plain = (outputs: ReadonlyMap<string, Tensor>) =>
  Object.fromEntries([...outputs].map(([name, tensor]) => [name, [...(tensor.data as Int8Array)]]));

/** The emitted files with a statement put at the start of the function that runs a layer. */
const emitWith = (statement: string) => async (compilation: Compilation) =>
  (await emitFiles(compilation)).map((file): EmittedFile => {
    if (file.path !== `${compilation.name}.c`) return file;
    const content = file.content.replace('  switch (step) {', `  ${statement}\n  switch (step) {`);
    if (content === file.content) throw new Error('the layer switch is not where the test looks for it');
    return { ...file, content };
  });

const simulated = await simulatedTargets();

describe('runModel', () => {
  it.each(['host', 'cortex-m0', 'cortex-m4', 'cortex-m55'])(
    '%s: outputs of many vectors equal the reference',
    async (target) => {
      const compilation = await compile(branchModel(), { target });
      const { vectors } = defaultVectors(compilation.reference, { count: 40 });
      const result = await runModel(compilation, vectors, { sanitize: target === 'host' });
      const reference = evaluateSteps(compilation.reference, vectors);
      expect(result.steps.map(({ outputs }) => plain(outputs))).toEqual(
        reference.map((values) => plain(new Map([['y', values.get('y')!]]))),
      );
      for (const { instructions } of result.steps) {
        if (target === 'host') expect(instructions).toBeUndefined();
        else expect(instructions).toBeGreaterThan(5000);
      }
    },
  );

  it('profiles layers: their instructions add up to those of the whole inference', async () => {
    const compilation = await compile(branchModel(), { target: 'cortex-m4' });
    const { vectors } = defaultVectors(compilation.reference, { count: 3 });
    const whole = await runModel(compilation, vectors);
    const { layers } = await runModel(compilation, vectors, { mode: 'profile' });
    expect(layers!.map(({ op }) => op)).toEqual(compilation.plan.calls.map((call) => call.node.op));
    const sum = layers!.reduce((total, layer) => total + layer.instructions!, 0);
    // A tick is 40 instructions; the loop over the layers takes a few.
    expect(Math.abs(sum - whole.steps[0]!.instructions!)).toBeLessThan(100 * (layers!.length + 1));
  });

  it('counts past the 24 bits of the M55’s SysTick', async () => {
    const compilation = await compile(branchModel(), { target: 'cortex-m55' });
    const { vectors } = defaultVectors(compilation.reference, { count: 1 });
    const plain = (await runModel(compilation, vectors)).steps[0]!.instructions!;
    // 2^24 ticks are 524,288,000 instructions; the loop takes two a round.
    const rounds = 300_000_000;
    const loop = `uint32_t n = ${rounds}u;\n    __asm__ volatile(".p2align 2\\n1: subs %0, #1\\n bne 1b" : "+l"(n) : : "cc");`;
    const emit = emitWith(`if (step == 0u) {\n    ${loop}\n  }`);
    const slow = (await runModel(compilation, vectors, { emit })).steps[0]!.instructions!;
    expect(Math.abs(slow - plain - 2 * rounds)).toBeLessThan(500);
  });

  it('carries state from vector to vector, and from run to run', async () => {
    for (const target of ['host', 'cortex-m3']) {
      const compilation = await compile(streamModel(), { target, ...stream });
      const { vectors } = defaultVectors(compilation.reference, { count: 12 });
      const reference = evaluateSteps(compilation.reference, vectors).map((values) => [
        ...(values.get('y')!.data as Int8Array),
      ]);
      const first = await runModel(compilation, vectors.slice(0, 7));
      const second = await runModel(compilation, vectors.slice(7), { state: first.state });
      const got = [...first.steps, ...second.steps].map(({ outputs }) => [...(outputs.get('y')!.data as Int8Array)]);
      expect(got).toEqual(reference);
      expect(new Set(got.map(String)).size).toBeGreaterThan(4);
    }
  });

  it('names the layer in which the program hangs', async () => {
    for (const target of ['cortex-m4', 'host']) {
      const compilation = await compile(branchModel(), { target });
      const second = compilation.plan.calls[1]!.node.name;
      const emit = emitWith('for (volatile int stay = 1; step == 1u && stay != 0;) {\n  }');
      const run = runModel(compilation, defaultVectors(compilation.reference, { count: 2 }).vectors, {
        emit,
        timeoutMs: 1500,
      });
      await expect(run).rejects.toMatchObject({
        exitCode: 1,
        diagnostics: [{ code: 'NC0702', node: expect.stringContaining(`"${second}"`) }],
      });
    }
  });

  it.skipIf(!simulated.includes('rv32imc'))('rv32imc: prints what the trap saved and names the layer', async () => {
    const compilation = await compile(branchModel(), { target: 'rv32imc' });
    const emit = emitWith('if (step == 2u) {\n    *(volatile uint32_t *)0xF0000000u = 1u;\n  }');
    const run = runModel(compilation, defaultVectors(compilation.reference, { count: 2 }).vectors, { emit });
    const third = compilation.plan.calls[2]!.node.name;
    // A store that the memory refuses is cause 7.
    const text =
      /fault: mepc 0x800[0-9a-f]{5} mcause 0x00000007 mtval 0xf0000000 ra .* sp .*\nvector 0x0{8} step 0x0{7}2/;
    await expect(run).rejects.toMatchObject({
      diagnostics: [
        { code: 'NC0703', node: expect.stringContaining(`"${third}"`), because: expect.stringMatching(text) },
      ],
    });
  });

  it.skipIf(!simulated.includes('lx7'))('lx7: an unaligned load is a trap', async () => {
    const compilation = await compile(branchModel(), { target: 'lx7' });
    const emit = emitWith(
      'if (step == 2u) {\n    volatile uint32_t odd = 0x402001u;\n    *(volatile uint32_t *)(uintptr_t)odd = 1u;\n  }',
    );
    const run = runModel(compilation, defaultVectors(compilation.reference, { count: 2 }).vectors, { emit });
    const third = compilation.plan.calls[2]!.node.name;
    const text =
      /fault: epc1 0x000[0-9a-f]{5} exccause 0x00000009 excvaddr 0x00402001 a0 .* sp .*\nvector 0x0{8} step 0x0{7}2/;
    await expect(run).rejects.toMatchObject({
      diagnostics: [
        { code: 'NC0703', node: expect.stringContaining(`"${third}"`), because: expect.stringMatching(text) },
      ],
    });
  });

  it.each(['cortex-m0', 'cortex-m4', 'cortex-m55'])(
    '%s: prints the fault registers and names the layer',
    async (target) => {
      const compilation = await compile(branchModel(), { target });
      const [, , third] = compilation.plan.calls;
      const emit = emitWith('if (step == 2u) {\n    *(volatile uint32_t *)0xF0000000u = 1u;\n  }');
      const run = runModel(compilation, defaultVectors(compilation.reference, { count: 2 }).vectors, { emit });
      // Armv6-M has no registers that tell the kind of a fault.
      const more = target === 'cortex-m0' ? '' : 'CFSR 0x[0-9a-f]{8} HFSR .*MMFAR .*BFAR .*\\n';
      await expect(run).rejects.toMatchObject({
        exitCode: 1,
        diagnostics: [
          {
            code: 'NC0703',
            node: expect.stringMatching(new RegExp(`"${third!.node.name}".*step 3 of .*vector 1`)),
            because: expect.stringMatching(
              new RegExp(`fault: pc 0x0[0-9a-f]{7} lr 0x[0-9a-f]{8} .*\\n${more}vector 0x0{8} step 0x0{7}2`),
            ),
          },
        ],
      });
    },
  );

  it('ends at once when it is aborted, and leaves no folder', async () => {
    const compilation = await compile(branchModel(), { target: 'cortex-m4' });
    const { vectors } = defaultVectors(compilation.reference, { count: 2 });
    // Opens the object cache, which stays.
    await runModel(compilation, vectors);
    const emit = emitWith('for (volatile int stay = 1; stay != 0;) {\n  }');
    const abort = new AbortController();
    const before = process.env.TMPDIR;
    process.env.TMPDIR = mkdtempSync(join(root, 'tmp-'));
    try {
      const run = runModel(compilation, vectors, { emit, signal: abort.signal });
      setTimeout(() => abort.abort(new Error('enough')), 1500);
      const start = performance.now();
      await expect(run).rejects.toThrow('enough');
      expect(performance.now() - start).toBeLessThan(20_000);
      expect(readdirSync(process.env.TMPDIR)).toEqual([]);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });

  it('refuses an input of another shape', async () => {
    const compilation = await compile(branchModel(), { target: 'host' });
    const x: Tensor = { dtype: 'int8', shape: [1, 3, 6, 5], data: new Int8Array(90) };
    await expect(runModel(compilation, [new Map([['x', x]])])).rejects.toThrow('input "x" is int8[1,3,6,6]');
  });
});

describe('createRunner', () => {
  const model = join(root, 'stream.onnx');
  writeFileSync(model, streamModel().bytes);

  it('keeps state between calls until it is reset', async () => {
    const runner = await createRunner({ model, target: 'host', options: stream });
    const inputs = [Int8Array.of(1, 2), Int8Array.of(-128, 127), Int8Array.of(50, -60)];
    const steps = async () => {
      const all: number[][] = [];
      for (const x of inputs) all.push([...((await runner.invoke({ x })).y as Int8Array)]);
      return all;
    };
    const first = await steps();
    const later = await steps();
    await runner.reset();
    const again = await steps();
    const compilation = await compile(
      { fileName: 'stream.onnx', bytes: readFileSync(model) },
      { target: 'host', ...stream },
    );
    const vectors = [...inputs, ...inputs].map(
      (data) => new Map([['x', { dtype: 'int8', shape: [1, 2], data } as Tensor]]),
    );
    const reference = evaluateSteps(compilation.reference, vectors).map((values) => [
      ...(values.get('y')!.data as Int8Array),
    ]);
    expect([...first, ...later]).toEqual(reference);
    expect(again).toEqual(first);
    expect(later).not.toEqual(first);
    await expect(runner.invoke({ x: new Int8Array(3) })).rejects.toThrow('input "x" has 3 elements, expected 2');
    await expect(runner.invoke({ z: new Int8Array(2) })).rejects.toThrow('the model has no input "z"; it has x');
    await runner.close();
    await expect(runner.invoke({ x: new Int8Array(2) })).rejects.toThrow('closed');
  });
});
