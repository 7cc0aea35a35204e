import { describe, expect, it } from 'vitest';
import { branchModel } from '../../test/support/quantized-models.js';
import { simulatedTargets } from '../../test/support/simulated-targets.js';
import { compile, emitFiles } from '../index.js';
import { measure } from './measure.js';

const simulated = await simulatedTargets();

describe('measure', () => {
  it.each(simulated)('%s: sizes add up, the stack bound holds', async (name) => {
    const compilation = await compile(branchModel(), { target: name });
    const figures = await measure(compilation);
    expect(figures.flash).toBe(figures.code! + figures.constants!);
    // The weights and biases of two convolutions; packing may pad them.
    expect(figures.constants).toBeGreaterThanOrEqual(4 * 27 + 4 * 36 + 2 * 16);
    expect(figures.constants).toBeLessThan(2000);
    expect(figures.code).toBeGreaterThan(200);
    expect(figures.code).toBeLessThan(20_000);
    const { arenaBytes, stateBytes } = compilation.plan;
    // The context: arena, state, step counter, and what aligns it.
    expect(figures.ram).toBeGreaterThanOrEqual(arenaBytes + stateBytes + 4);
    expect(figures.ram).toBeLessThanOrEqual(arenaBytes + stateBytes + 64);
    expect(figures.stackPainted).toBeGreaterThan(16);
    expect(figures.stackBound).toBeGreaterThanOrEqual(figures.stackPainted!);
    expect(figures.stackBound).toBeLessThan(figures.stackPainted! + 256);
    expect(figures.instructions).toBeGreaterThan(5000);
    expect(figures.layers!.map(({ step }) => step)).toEqual(compilation.plan.calls.map((_, step) => step));
  });

  it('sees a kilobyte of stack, in the bound and in the paint', async () => {
    const compilation = await compile(branchModel(), { target: 'cortex-m3' });
    const plain = await measure(compilation, { instructions: false });
    const emit = async () =>
      (await emitFiles(compilation)).map((file) => {
        if (file.path !== 'branch.c') return file;
        const greedy = 'volatile uint8_t greedy[1024];\n  greedy[step] = 1u;\n  switch (step) {';
        return { ...file, content: file.content.replace('switch (step) {', greedy) };
      });
    const figures = await measure(compilation, { instructions: false, emit });
    expect(figures.instructions).toBeUndefined();
    // Kernels that the compiler jumps to run after the frame is gone: they may be no deeper than it.
    expect(plain.stackBound).toBeLessThan(1024);
    expect(figures.stackPainted).toBeGreaterThanOrEqual(1024);
    expect(figures.stackBound).toBeGreaterThanOrEqual(figures.stackPainted!);
    expect(figures.stackBound).toBeLessThan(1024 + plain.stackBound! + 64);
  });

  it('measures nothing of the host, and says so', async () => {
    const compilation = await compile(branchModel(), { target: 'host' });
    expect(await measure(compilation)).toEqual({ notes: [expect.stringContaining('no firmware target')] });
  });
});
