/** Chips in labwired: whole models, and how programs end that do not end well. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type BenchModel, listModels } from '../../bench/models.js';
import { hasLabwired } from '../../test/support/labwired.js';
import { simulatedTargets } from '../../test/support/simulated-targets.js';
import { testedEspNn } from '../../test/support/vendor-copies.js';
import { readModelFile } from '../cli/model-file.js';
import type { CompileOptions } from '../compilation.js';
import { compile } from '../index.js';
import type { Target } from '../ir/target.js';
import { listTargets, loadTarget, simulatedTarget } from '../targets.js';
import { buildFirmware, simulatorSupport } from '../toolchain/build.js';
import { defaultVectors } from '../verify/default-vectors.js';
import { verifyModel } from '../verify/verify.js';
import { onProof } from './proof.js';
import { simulatorFor, simulatorsOf } from './simulator.js';

const usable = hasLabwired();
const full = process.env.NANOC_FULL === '1';
const root = mkdtempSync(join(tmpdir(), 'nanoc-labwired-'));
afterAll(() => rmSync(root, { recursive: true }));

const cores = await simulatedTargets();
const espNn = await testedEspNn();
const targets = await Promise.all(listTargets().map(loadTarget));
const chips = targets.filter(({ labwired, proof }) => {
  return labwired !== undefined && (proof === undefined || cores.includes(proof.target));
});

interface Case {
  readonly chip: string;
  readonly kernels: 'auto' | 'native' | 'esp-nn';
}
/** A chip with its default kernels; nanoc's own and ESP-NN's where labwired runs both. */
const cases = (chosen: readonly Target[]): Case[] =>
  chosen.flatMap(({ name: chip }): Case[] => [
    { chip, kernels: chip === 'esp32s3' ? 'native' : 'auto' },
    ...(chip === 'esp32s3' && espNn !== undefined ? [{ chip, kernels: 'esp-nn' } as const] : []),
  ]);

const example = (name: string): BenchModel => ({ name, path: `examples/${name}/${name}.onnx` });
const small = [example('sine'), ...(full ? [example('motion'), example('digits')] : [])];
const tiny = /^(mlperf-tiny|streaming)\//;
const large = listModels().filter(({ name }) => tiny.test(name));

async function verifyOn({ chip, kernels }: Case, { path, states }: BenchModel, count: number) {
  const options: CompileOptions = {
    ...{ target: chip, simulator: 'labwired', kernels },
    ...(states === undefined ? {} : { states }),
    ...(kernels === 'esp-nn' ? { libraries: [espNn!] } : {}),
  };
  const compilation = await onProof(await compile(readModelFile(path), options));
  const simulated = { simulator: { name: 'labwired' }, onnxRuntime: 'off' } as const;
  return verifyModel(compilation, defaultVectors(compilation.reference, { count }), simulated);
}

describe.skipIf(!usable)('chips in labwired', () => {
  const quick = [
    ...cases(chips).flatMap((each) => small.map((model) => ({ ...each, model: model.name, of: model, count: 2 }))),
    // Every kind of convolution, on the one chip whose programs are those of no other simulator.
    ...cases(chips.filter(({ name }) => name === 'esp32s3' && !full)).map((each) => {
      return { ...each, model: 'digits', of: example('digits'), count: 1 };
    }),
  ];
  it.each(quick)(
    '$chip, $kernels: $model is bit-exact at every layer',
    async ({ of, count, ...each }) => {
      const result = await verifyOn(each, of, count);
      expect(result.firstDivergence).toBeUndefined();
      expect(result).toMatchObject({ passed: true, simulator: `labwired ${each.chip}` });
    },
    120_000,
  );

  const tested = chips.filter(({ name }) => ['stm32f407', 'nrf52840', 'rp2040', 'esp32c3', 'esp32s3'].includes(name));
  it
    .skipIf(!full)
    .each(cases(tested).flatMap((each) => large.map((model) => ({ ...each, model: model.name, of: model }))))(
    '$chip, $kernels: $model is bit-exact at every layer',
    async ({ of, ...each }) => {
      expect(await verifyOn(each, of, 1)).toMatchObject({ passed: true });
    },
    1_200_000,
  );
});

/** Builds a program for the simulator's `semihost`. */
async function build(body: string) {
  const target = simulatedTarget(await loadTarget('rp2040'), 'labwired');
  const simulator = simulatorFor(target, { name: 'labwired' });
  const content = [
    '#include "target/simulated.h"',
    'static void word(const char *name, uint32_t value) { (void)value; (void)semihost(0x04u, name); }',
    'void nanoc_fault(const uint32_t *frame);',
    'void nanoc_fault(const uint32_t *frame) {',
    '  (void)semihost(0x04u, "fault: ");',
    '  print_registers(frame, word);',
    '  (void)semihost(0x18u, (const void *)0x20023u);',
    '}',
    `int main(void) { ${body} }`,
  ].join('\n');
  const files = [...(await simulatorSupport(simulator)), { path: 'main.c', content: `${content}\n` }];
  const program = await buildFirmware({ files, target, directory: mkdtempSync(join(root, 'build-')) });
  return { program, simulator };
}

describe.skipIf(!usable)('programs in labwired', () => {
  it('a stimulus that no buffer of the chip holds goes through at any alignment', async () => {
    const { program, simulator } = await build(`static uint8_t data[1001];
      for (uint32_t size = 1u; ; size = size % 997u + 4u) {
        const struct { uint32_t handle; void *at; uint32_t bytes; } all = {1u, &data[size & 3u], size};
        const uint32_t left = semihost(0x06u, &all);
        const struct { uint32_t handle; void *at; uint32_t bytes; } got = {1u, &data[size & 3u], size - left};
        (void)semihost(0x05u, &got);
        if (left != 0u) { (void)semihost(0x18u, (const void *)0x20026u); }
      }`);
    const stimulus = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7) ^ (index >> 8));
    const response = await simulator.run(program, stimulus, { timeoutMs: 60_000 });
    expect(Buffer.compare(response, stimulus)).toBe(0);
  });

  it('says what faulted, ends what hangs, and stops when it is told to', async () => {
    const fault = await build('__asm__ volatile("udf #0"); return 0;');
    const { failure } = await fault.simulator.attempt(fault.program, Uint8Array.of(), { timeoutMs: 20_000 });
    expect(failure).toMatchObject({ code: 'NC0703', because: expect.stringMatching(/^fault: pc lr psr/) });
    const hang = await build('for (;;) { }');
    const limits = { timeoutMs: 1500 };
    expect((await hang.simulator.attempt(hang.program, Uint8Array.of(), limits)).failure).toMatchObject({
      code: 'NC0702',
    });
    const signal = AbortSignal.timeout(800);
    await expect(
      hang.simulator.run(hang.program, Uint8Array.of(), { timeoutMs: 60_000, signal }),
    ).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('--sim', () => {
  it('says the one command that installs labwired where it is missing', async () => {
    writeFileSync(join(root, 'python3'), '#!/bin/sh\nexit 97\n');
    chmodSync(join(root, 'python3'), 0o755);
    const before = { cache: process.env.XDG_CACHE_HOME, path: process.env.PATH };
    process.env.XDG_CACHE_HOME = root;
    process.env.PATH = `${root}:${before.path}`;
    try {
      const target = await loadTarget('rp2040');
      const program = { target, directory: root, program: 'none.elf', sources: [], objects: [], warnings: '' };
      await expect(
        simulatorFor(target, { name: 'labwired' }).run(program, Uint8Array.of(), { timeoutMs: 5000 }),
      ).rejects.toMatchObject({
        exitCode: 3,
        diagnostics: [{ code: 'NC0701', help: expect.stringMatching(/^bash .*labwired-common\/install\.sh$/) }],
      });
    } finally {
      process.env.PATH = before.path;
      if (before.cache === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = before.cache;
    }
  });

  it('a target without the simulator is refused, with those that it has', async () => {
    const target = await loadTarget('cortex-m4');
    expect(simulatorsOf(target)).toEqual(['qemu']);
    expect(() => simulatorFor(target, { name: 'labwired' })).toThrowError(/not simulated by labwired/);
    const host = await loadTarget('host');
    expect(simulatorsOf(host)).toEqual([]);
    expect(() => simulatorFor(host, { name: 'qemu' })).toThrowError(/host is not simulated by qemu/);
  });
});
