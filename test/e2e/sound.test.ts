/** `nanoc run --sound` and `nanoc build --audio`: sound through the generated front end and a model on simulated cores. */
import { describe, expect, it } from 'vitest';
import { FrontEndReference } from '../../compiler/audio/front-end.js';
import { parseFrontEnd } from '../../compiler/audio/parse.js';
import { quantized, thresholdsOf } from '../../compiler/audio/quantize.js';
import { sounds } from '../audio/sounds.js';
import { codesIn, nanoc } from '../support/command-line.js';
import { buildModel } from '../support/onnx-builder.js';
import { workFolder } from '../support/work-folder.js';

const FRAMES = 3;
const document = {
  windowMs: 3,
  strideMs: 2,
  channels: 5,
  lowerHz: 300,
  pcan: { gainBits: 18 },
  noiseReduction: { smoothingBits: 4 },
};
const SCALE = Math.fround(0.1);

/** The mean of each channel over the frames, as int8 in and out: what goes in can be seen in what comes out. */
function means(): Uint8Array {
  const scale = { name: 'scale', tensor: { dtype: 'float32' as const, shape: [], data: Float32Array.of(SCALE) } };
  const zero = { name: 'zero', tensor: { dtype: 'int8' as const, shape: [], data: Int8Array.of(-128) } };
  return buildModel({
    inputs: [{ name: 'features', dtype: 'int8', shape: [1, FRAMES, 5] }],
    outputs: [{ name: 'means', dtype: 'float32', shape: [1, 1, 5] }],
    initializers: [scale, zero],
    nodes: [
      { op: 'DequantizeLinear', inputs: ['features', 'scale', 'zero'], outputs: ['real'] },
      { op: 'ReduceMean', inputs: ['real'], outputs: ['means'], attributes: { axes: [1], keepdims: 1 } },
    ],
  });
}

/** Running sums of features: state that the sound resets. */
function sums(): Uint8Array {
  return buildModel({
    inputs: [
      { name: 'features', dtype: 'float32', shape: [1, 5] },
      { name: 'past_sum', dtype: 'float32', shape: [1, 5] },
    ],
    outputs: [
      { name: 'present_sum', dtype: 'float32', shape: [1, 5] },
      { name: 'sums', dtype: 'float32', shape: [1, 5] },
    ],
    nodes: [
      { op: 'Add', inputs: ['features', 'past_sum'], outputs: ['present_sum'] },
      { op: 'Relu', inputs: ['present_sum'], outputs: ['sums'] },
    ],
  });
}

/** Two convolutions along time whose window is seven frames. */
function window(): Uint8Array {
  const weights = (name: string, shape: number[]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const data = Float32Array.from({ length: count }, (_, i) => Math.fround((((i * 37) % 19) - 9) / 16));
    return { name, tensor: { dtype: 'float32' as const, shape, data } };
  };
  return buildModel({
    inputs: [{ name: 'features', dtype: 'float32', shape: [1, 7, 5] }],
    outputs: [{ name: 'score', dtype: 'float32', shape: [1, 1, 1] }],
    initializers: [weights('first', [4, 5, 3]), weights('second', [1, 4, 5])],
    nodes: [
      { op: 'Transpose', inputs: ['features'], outputs: ['turned'], attributes: { perm: [0, 2, 1] } },
      { op: 'Conv', inputs: ['turned', 'first'], outputs: ['hidden'] },
      { op: 'Relu', inputs: ['hidden'], outputs: ['relu'] },
      { op: 'Conv', inputs: ['relu', 'second'], outputs: ['score'] },
    ],
  });
}

function wavOf(samples: Int16Array, channels = 1): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(16000, 24);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([head, new Uint8Array(samples.buffer)]);
}

interface Printed {
  readonly frames: number;
  readonly inferences: readonly {
    readonly seconds: number;
    readonly outputs: Readonly<Record<string, readonly number[]>>;
  }[];
  readonly instructions?: { readonly frame: number; readonly second: number };
  readonly share?: number;
}

describe('sound', () => {
  const work = workFolder();
  const samples = sounds(1000).speech!;
  const frontEnd = parseFrontEnd({ fileName: 'audio.json', text: JSON.stringify(document) });
  const features = new FrontEndReference(frontEnd).push(samples);

  it.each(['host', 'cortex-m0', 'cortex-m4', 'rv32imc'])('%s: a window of frames moves on', async (target) => {
    const model = work.write('means.onnx', means());
    const audio = work.write('audio.json', JSON.stringify({ ...document, frames: 2 }));
    const sound = work.write('sound.wav', wavOf(samples));
    const result = await nanoc([
      'run',
      model,
      '--target',
      target,
      '--audio',
      audio,
      '--sound',
      sound,
      '--clock',
      '64MHz',
      '--json',
    ]);
    expect(result.err).toBe('');
    const printed: Printed = JSON.parse(result.out);
    const thresholds = thresholdsOf(frontEnd.scale, { scale: [SCALE], zeroPoint: [-128] }, 127);
    const rows = features.map((row) => quantized(row, thresholds, -128).map((q) => Math.fround((q + 128) * SCALE)));
    expect(printed.frames).toBe(rows.length);
    expect(printed.inferences).toHaveLength(1 + Math.floor((rows.length - FRAMES) / 2));
    for (const [index, { seconds, outputs }] of printed.inferences.entries()) {
      const window = rows.slice(2 * index, 2 * index + FRAMES);
      expect(seconds).toBeCloseTo((48 + 32 * (2 * index + FRAMES - 1)) / 16000, 9);
      for (const [channel, mean] of outputs.means!.entries())
        expect(mean).toBeCloseTo(window.reduce((sum, row) => sum + row[channel]!, 0) / FRAMES, 4);
    }
    expect(printed.instructions === undefined).toBe(target === 'host');
    if (target === 'host') return;
    expect(printed.instructions!.frame).toBeGreaterThan(1000);
    expect(printed.share).toBeCloseTo(printed.instructions!.second / 64e6, 6);
  });

  it('a state starts anew with the sound and goes on through it', async () => {
    const model = work.write('sums.onnx', sums());
    const audio = work.write('audio.json', JSON.stringify(document));
    const sound = work.write('sound.wav', wavOf(samples));
    const result = await nanoc(['run', model, '--target', 'cortex-m4', '--audio', audio, '--sound', sound, '--json']);
    const { inferences }: Printed = JSON.parse(result.out);
    expect(inferences).toHaveLength(features.length);
    const last = inferences.at(-1)!.outputs.sums!;
    for (const [channel, sum] of last.entries()) {
      const real = features.reduce((total, row) => total + row[channel]! * frontEnd.scale, 0);
      expect(sum / real).toBeCloseTo(1, 4);
    }
  });

  it('a streamed model says what its window says, from the first whole window on', async () => {
    const model = work.write('window.onnx', window());
    const run = ['run', model, '--target', 'cortex-m4', '--sound', work.write('sound.wav', wavOf(samples)), '--json'];
    const moving = work.write('moving.json', JSON.stringify({ ...document, frames: 1 }));
    const stepping = work.write('stepping.json', JSON.stringify(document));
    const whole: Printed = JSON.parse((await nanoc([...run, '--audio', moving])).out);
    const steps: Printed = JSON.parse((await nanoc([...run, '--audio', stepping, '--stream', 'time=1'])).out);
    expect(whole.inferences).toHaveLength(features.length - 6);
    expect(steps.inferences).toEqual(whole.inferences);
  });

  it('says in words what is heard, and when', async () => {
    const model = work.write('sums.onnx', sums());
    const audio = work.write('audio.json', JSON.stringify(document));
    const sound = work.write('sound.wav', wavOf(samples));
    const run = ['run', model, '--target', 'host', '--audio', audio, '--sound', sound];
    const heard = await nanoc([...run, '--cutoff', '100']);
    expect(heard.out).toMatch(/^ +\d\.\d\d s to +\d\.\d\d s {2}sums\[\d\] {2}\d+\.\d{3} at \d\.\d\d s$/m);
    expect(heard.out).toContain('30 frames and 30 inferences in 0.06 s of sound');
    const nothing = await nanoc([...run, '--cutoff', '1e9']);
    expect(nothing.out).toMatch(/nothing is heard: no score reaches 1000000000; the highest score is \d+/);
  });

  it('refuses a sound that is none, and one without a front end', async () => {
    const model = work.write('sums.onnx', sums());
    const audio = work.write('audio.json', JSON.stringify(document));
    const stereo = work.write('stereo.wav', wavOf(samples, 2));
    const run = ['run', model, '--target', 'host', '--sound', stereo];
    const two = await nanoc([...run, '--audio', audio]);
    expect(codesIn(two)).toEqual(['NC0740']);
    expect(two.err).toContain('it has 2 channels');
    const none = await nanoc(run);
    expect(codesIn(none)).toEqual(['NC0740']);
    expect(none.err).toContain('no audio front end is given');
    const missing = await nanoc(['run', model, '--target', 'host', '--audio', audio, '--sound', 'missing.wav']);
    expect(missing.err).toContain('there is no such file');
    const damaged = work.write('damaged.json', '{"channels": 0}');
    const wrong = await nanoc(['build', model, '--target', 'host', '--audio', damaged, '--no-compile']);
    expect(codesIn(wrong)).toEqual(['NC0738']);
  });
});
