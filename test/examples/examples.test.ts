/**
 * Each example: its model by ONNX Runtime and on the simulated core, the generated C that is committed, the figures and the
 * output that its README shows, and its firmware.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkBudgets } from '../../compiler/cli/budgets.js';
import { loadConfig } from '../../compiler/cli/config.js';
import { emitFiles } from '../../compiler/index.js';
import { bytesOf, type Tensor, type TensorData } from '../../compiler/ir/tensor.js';
import { type Measurements, makeReport } from '../../compiler/report/index.js';
import { type RunResult, runModel } from '../../compiler/simulate/session.js';
import { compilerVersion } from '../../compiler/toolchain/build.js';
import { measure } from '../../compiler/toolchain/measure.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { EXAMPLES, type Example, loadExample, score } from './example.js';
import { HOW_TO_UPDATE, readFolder, readPart, sorted, UPDATE, writeFolder, writePart } from './expected.js';
import { costTable, scoreTable } from './figures.js';
import { HAS_CMAKE, runFirmware, shownLines } from './firmware.js';

describe.each(EXAMPLES)('example %s', (name) => {
  let example: Example;
  let readme: string;
  let device: RunResult;
  let measured: Measurements;

  beforeAll(async () => {
    example = await loadExample(name);
    readme = join(example.folder, 'README.md');
    device = await runModel(example.compilation, example.set.vectors);
    measured = await measure(example.compilation);
  });

  it('has a test set that is what ONNX Runtime computes', async () => {
    const session = await InferenceSession.create(example.compilation.source.bytes as Uint8Array<ArrayBuffer>);
    for (const [index, vector] of example.set.vectors.entries()) {
      const feeds = [...vector].map(([input, { dtype, data, shape }]) => [
        input,
        new OrtTensor(dtype as 'int8', data as Int8Array, shape),
      ]);
      const results = await session.run(Object.fromEntries(feeds));
      for (const [output, tensor] of example.set.expected![index]!) {
        expect(bytes(tensor), `vector ${index}, ${output}`).toEqual(
          Buffer.from(bytesOf(results[output]!.data as TensorData)),
        );
      }
    }
  });

  it('scores what train.py has written, by ONNX Runtime', () => {
    expect(example.set.vectors).toHaveLength(example.training.testVectors);
    expect(example.labels).toHaveLength(example.training.testVectors);
    expect(score(example, example.set.expected!)).toBe(example.training.quantized);
  });

  it('gives the bytes of ONNX Runtime on the simulated core, for the whole test set', () => {
    expect(device.steps).toHaveLength(example.training.testVectors);
    for (const [index, { outputs }] of device.steps.entries()) {
      const wanted = example.set.expected![index]!;
      expect([...outputs.keys()].sort()).toEqual([...wanted.keys()].sort());
      for (const [output, tensor] of wanted) {
        expect(bytes(outputs.get(output)!), `vector ${index}, ${output}`).toEqual(bytes(tensor));
      }
    }
  });

  it('stays within the budgets of its nanoc.json', () => {
    const config = loadConfig(example.folder)!;
    const { maxRam, maxFlash, maxStack, maxInstructions } = config;
    expect([maxRam, maxFlash, maxStack, maxInstructions]).not.toContain(undefined);
    const limits = {
      maxRam: maxRam!,
      maxFlash: maxFlash!,
      maxStack: maxStack!,
      maxInstructions: maxInstructions!,
    };
    expect(checkBudgets(limits, makeReport(example.compilation, measured))).toEqual([]);
  });

  it('has its generated C in expected/', async () => {
    const files = sorted(await emitFiles(example.compilation));
    const folder = join(example.folder, 'expected');
    if (UPDATE) writeFolder(folder, files);
    const committed = readFolder(folder);
    expect(
      committed.map(({ path }) => path),
      HOW_TO_UPDATE,
    ).toEqual(files.map(({ path }) => path));
    for (const [index, { path, content }] of files.entries()) {
      expect(committed[index]!.content, `${path}: ${HOW_TO_UPDATE}`).toBe(content);
    }
  });

  it('has in expected/ what `nanoc build --no-compile` writes', async () => {
    const directory = mkdtempSync(join(tmpdir(), `nanoc-${name}-`));
    try {
      const arguments_ = ['build', example.folder, '--no-compile', '--output', join(directory, name)];
      await execa(process.execPath, [join(packageRoot(), 'scripts', 'nanoc.js'), ...arguments_]);
      expect(readFolder(join(directory, name))).toEqual(readFolder(join(example.folder, 'expected')));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('states its accuracy in the README', () => {
    const table = scoreTable(
      example,
      device.steps.map(({ outputs }) => outputs),
    );
    if (UPDATE) writePart(readme, 'accuracy', table);
    expect(readPart(readme, 'accuracy'), HOW_TO_UPDATE).toBe(table);
  });

  it('states its size and speed in the README', async (context) => {
    const version = await compilerVersion(example.compilation.target);
    const part = `${costTable(example, measured)}\nBytes and instructions of one inference, with \`${version}\`.\n`;
    if (UPDATE) writePart(readme, 'cost', part);
    const shown = readPart(readme, 'cost');
    if (!shown.includes(version)) context.skip(`README's figures are of another compiler than ${version}`);
    expect(shown, HOW_TO_UPDATE).toBe(part);
  });

  it.skipIf(!HAS_CMAKE)('has a firmware that builds without a warning and prints what the README shows', async () => {
    expect(existsSync(join(example.folder, 'main.c'))).toBe(true);
    const { build, serial } = await runFirmware(example);
    expect(build).not.toMatch(/warning/i);
    const part = `\`\`\`text\n${shownLines(name, serial)}\`\`\`\n`;
    if (UPDATE) writePart(readme, 'output', part);
    expect(readPart(readme, 'output'), HOW_TO_UPDATE).toBe(part);
    checkAnswers[name]?.(serial);
  });
});

/** What the firmware must say, whatever the README shows. */
const checkAnswers: Readonly<Record<string, (serial: string) => void>> = {
  digits: (serial) => {
    const answers = [...serial.matchAll(/^image (\d) is a (\d)/gm)];
    expect(answers).toHaveLength(10);
    for (const [, image, digit] of answers) expect(digit).toBe(image);
  },
  motion: (serial) => {
    const answers = [...serial.matchAll(/^ *(\d+) s: (\w+) /gm)];
    expect(answers).toHaveLength(19);
    const activities = ['Standing', 'Walking', 'Running', 'Badminton'];
    for (const [, seconds, activity] of answers) {
      // A recording lasts 10 s and a window 4 s: those that end less than 4 s into a recording begin in the one before.
      const within = Number(seconds) % 10 === 0 || Number(seconds) % 10 >= 4;
      if (within) expect(activity, `${seconds} s`).toBe(activities[Math.ceil(Number(seconds) / 10) - 1]);
    }
  },
};

function bytes(tensor: Tensor): Buffer {
  return Buffer.from(bytesOf(tensor.data));
}
