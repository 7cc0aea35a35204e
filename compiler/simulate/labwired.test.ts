/** Chips in labwired: whole models, and how programs end that do not end well. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hasLabwired } from '../../test/support/labwired.js';
import { compile } from '../index.js';
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

const targets = await Promise.all(listTargets().map(loadTarget));
const chips = targets.filter(({ labwired }) => labwired !== undefined).map(({ name }) => name);
const small = [
  'examples/sine/sine.onnx',
  ...(full ? ['examples/motion/motion.onnx', 'examples/digits/digits.onnx'] : []),
];
const folder = join(process.env.NANOC_MODELS ?? '../shared/models', 'mlperf-tiny');
const large = ['kws_dscnn_int8', 'ad01_int8', 'sww_int8', 'ic_resnet8_int8'].map((name) =>
  join(folder, `${name}.onnx`),
);

async function verifyOn(target: string, model: string, count: number) {
  const source = { fileName: model.replace(/^.*\//, ''), bytes: readFileSync(model) };
  const compilation = await onProof(await compile(source, { target, simulator: 'labwired' }));
  const options = { simulator: { name: 'labwired' }, onnxRuntime: 'off' } as const;
  return verifyModel(compilation, defaultVectors(compilation.reference, { count }), options);
}

describe.skipIf(!usable)('chips in labwired', () => {
  it.each(chips.flatMap((chip) => small.map((model) => ({ chip, model }))))(
    '$chip: $model is bit-exact at every layer',
    async ({ chip, model }) => {
      const result = await verifyOn(chip, model, 2);
      expect(result.firstDivergence).toBeUndefined();
      expect(result).toMatchObject({ passed: true, simulator: `labwired ${chip}` });
    },
    120_000,
  );

  const tested = ['stm32f407', 'nrf52840', 'rp2040', 'esp32c3'];
  it.skipIf(!full || !existsSync(folder)).each(tested.flatMap((chip) => large.map((model) => ({ chip, model }))))(
    '$chip: $model is bit-exact at every layer',
    async ({ chip, model }) => {
      expect(await verifyOn(chip, model, 1)).toMatchObject({ passed: true });
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
