/** examples/wake-word: from a WAV file to detections, on a simulated core: the same probabilities as ONNX Runtime's on windows of the reference's features. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { FrontEndReference } from '../../compiler/audio/front-end.js';
import { quantized } from '../../compiler/audio/quantize.js';
import { readWav } from '../../compiler/audio/wav.js';
import { checkBudgets } from '../../compiler/cli/budgets.js';
import { loadConfig } from '../../compiler/cli/config.js';
import { readAudioFile, readModelFile } from '../../compiler/cli/model-file.js';
import type { Compilation } from '../../compiler/compilation.js';
import { compile, emitFiles } from '../../compiler/index.js';
import { bytesOf } from '../../compiler/ir/tensor.js';
import { makeReport } from '../../compiler/report/index.js';
import { type Hearing, runHearing } from '../../compiler/simulate/hearing.js';
import { runModel } from '../../compiler/simulate/session.js';
import { measure } from '../../compiler/toolchain/measure.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { readNpy } from '../../compiler/verify/npy.js';
import { loadVectors } from '../../compiler/verify/vectors.js';
import { HOW_TO_UPDATE, readPart, UPDATE, writePart } from './expected.js';
import { HAS_CMAKE, runGenerated } from './firmware.js';

const folder = join(packageRoot(), 'examples/wake-word');
const readme = join(folder, 'README.md');
const CLOCK = 64e6;
/** When the wake word ends in recording.wav, in seconds. */
const SPOKEN = [2.54, 7.33];

/** The model of a window, or of a step, with its front end. */
function wakeWord(form: 'window' | 'step', target = 'cortex-m4'): Promise<Compilation> {
  return compile(readModelFile(join(folder, 'wake-word.onnx')), {
    target,
    audio: readAudioFile(join(folder, 'audio.json')),
    ...(form === 'step' ? { stream: { time: 1, pads: 'window' } } : {}),
  });
}

const recording = () => readWav('recording.wav', readFileSync(join(folder, 'recording.wav')), 16000).samples;

/** ONNX Runtime's outputs for windows. */
async function scoresOf(windows: readonly Int8Array[]): Promise<number[]> {
  const session = await InferenceSession.create(join(folder, 'wake-word.onnx'), { logSeverityLevel: 3 });
  const scores: number[] = [];
  for (const window of windows) {
    const results = await session.run({ features: new OrtTensor('int8', window, [1, window.length / 40, 40]) });
    scores.push(Number(results.probability!.data[0]));
  }
  await session.release();
  return scores;
}

const probabilities = ({ inferences }: Hearing) =>
  inferences.map(({ samples, outputs }) => ({ samples, score: Number(outputs.get('probability')!.data[0]) }));

describe('example wake-word', () => {
  const training = JSON.parse(readFileSync(join(folder, 'training.json'), 'utf8'));

  it('has a test set that is what ONNX Runtime and the simulated core compute, and scores what train.py has written', async () => {
    const compilation = await wakeWord('window');
    const path = join(folder, 'test.npz');
    const { vectors, expected } = await loadVectors(compilation.reference, path);
    const wanted = expected!.map((outputs) => Number(outputs.get('probability')!.data[0]));
    expect(vectors).toHaveLength(training.testVectors);
    expect(await scoresOf(vectors.map((vector) => vector.get('features')!.data as Int8Array))).toEqual(wanted);
    const { steps } = await runModel(compilation, vectors);
    for (const [index, { outputs }] of steps.entries())
      expect(bytesOf(outputs.get('probability')!.data), `vector ${index}`).toEqual(Uint8Array.of(wanted[index]! & 255));
    const labels = Array.from(readNpy(unzipSync(readFileSync(path))['label.npy']!).data as BigInt64Array, Number);
    const right = wanted.filter((score, index) => Number(score >= 0) === labels[index]).length;
    expect(Number((right / wanted.length).toFixed(4))).toBe(training.quantized);
    const { heldOut } = training;
    const share = (value: number) => `${(100 * value).toFixed(1)} %`;
    const part = [
      '| right answers | float32 | int8 |',
      '| --- | --: | --: |',
      `| ${heldOut.windows} windows, a third with the wake word | ${share(heldOut.float)} | ${share(heldOut.quantized)} |`,
      `| the ${training.testVectors} of [test.npz](test.npz), which the Cortex-M4 answers byte for byte | ${share(training.float)} | ${share(training.quantized)} |`,
      '',
    ].join('\n');
    if (UPDATE) writePart(readme, 'accuracy', part);
    expect(readPart(readme, 'accuracy'), HOW_TO_UPDATE).toBe(part);
  });

  it('hears the recording as ONNX Runtime does with windows of the reference front end, and states what that costs', async () => {
    const samples = recording();
    const step = await wakeWord('step');
    const { frontEnd, quantization } = step.audio!;
    const rows = new FrontEndReference(frontEnd)
      .push(samples)
      .map((features) => quantized(features, quantization!.thresholds, quantization!.zeroPoint));
    const ends = Array.from({ length: Math.floor((rows.length - 94) / 2) + 1 }, (_, i) => 94 + 2 * i);
    const wanted = await scoresOf(ends.map((end) => Int8Array.from(rows.slice(end - 93, end).flat())));
    const heard = await runHearing(step, { samples });
    expect(probabilities(heard)).toEqual(
      wanted.map((score, index) => ({ samples: 480 + 160 * (ends[index]! - 1), score })),
    );
    expect(Math.max(...wanted)).toBeGreaterThan(100);
    const whole = await wakeWord('window');
    const some = await runHearing(whole, { samples: samples.slice(0, 24_000) });
    const part = costTable([
      ['a whole window every 20 ms', whole, some, 24_000],
      ['`--stream time=1`', step, heard, samples.length],
    ]);
    if (UPDATE) writePart(readme, 'cost', part);
    expect(readPart(readme, 'cost'), HOW_TO_UPDATE).toBe(part);
  });

  it('stays within the budgets of its nanoc.json', async () => {
    const { maxRam, maxFlash, maxStack, maxInstructions } = loadConfig(folder)!;
    const compilation = await wakeWord('window');
    const limits = {
      maxRam: maxRam!,
      maxFlash: maxFlash!,
      maxStack: maxStack!,
      maxInstructions: maxInstructions!,
    };
    expect(Object.values(limits)).not.toContain(undefined);
    expect(checkBudgets(limits, makeReport(compilation, await measure(compilation)))).toEqual([]);
  });

  it.skipIf(!HAS_CMAKE)('has a firmware that says when the wake word was spoken, and not otherwise', async () => {
    const compilation = await wakeWord('step');
    const files = await emitFiles(compilation);
    const { build, serial } = await runGenerated(folder, 'wake_word_demo', compilation.target, files);
    expect(build).not.toMatch(/warning/i);
    const times = [...serial.matchAll(/^ *(\d+\.\d\d) s: hey nano$/gm)].map(([, time]) => Number(time));
    expect(times).toHaveLength(SPOKEN.length);
    for (const [index, time] of times.entries()) {
      expect(time).toBeGreaterThan(SPOKEN[index]! - 0.1);
      expect(time).toBeLessThan(SPOKEN[index]! + 0.4);
    }
    const part = `\`\`\`text\n${serial}\`\`\`\n`;
    if (UPDATE) writePart(readme, 'output', part);
    expect(readPart(readme, 'output'), HOW_TO_UPDATE).toBe(part);
  });
});

function costTable(rows: readonly (readonly [string, Compilation, Hearing, number])[]): string {
  const number = (n: number) => Math.round(n).toLocaleString('en-US');
  const lines = rows.map(([title, { plan }, { frames, runs, instructions }, samples]) => {
    const { frontEnd, all } = instructions!;
    const second = (all * 16000) / samples;
    // Of a long sound: what a frame and an inference take, as often as they come.
    const steady = (100 * frontEnd) / frames + (50 * (all - frontEnd)) / runs;
    expect(second).toBeLessThanOrEqual(steady * 1.01);
    const cells = [number(frontEnd / frames), number((all - frontEnd) / runs), number(steady)];
    const ram = number(plan.arenaBytes + (plan.stateBytes ?? 0));
    return `| ${title} | ${cells.join(' | ')} | ${((100 * steady) / CLOCK).toFixed(1)} % | ${ram} |`;
  });
  return [
    '| Cortex-M4, instructions | a frame in the front end | an inference | a second of sound | of 64 MHz, at one a cycle | arena and state, bytes |',
    '| --- | --: | --: | --: | --: | --: |',
    ...lines,
    '',
  ].join('\n');
}
