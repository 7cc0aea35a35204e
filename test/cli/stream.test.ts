/** `--stream` on the command line and in nanoc.json, on the model of examples/wake-word. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { writeNpy } from '../../compiler/verify/npy.js';
import { codesIn, nanoc } from '../support/command-line.js';
import { workFolder } from '../support/work-folder.js';

const [FRAMES, CHANNELS] = [93, 40];

describe('nanoc --stream', () => {
  const work = workFolder();
  const bytes = readFileSync(join(packageRoot(), 'examples/wake-word/wake-word.onnx'));

  it('verify: a clip, frame by frame, against the model on every window of it', async () => {
    const model = work.write('wake-word.onnx', bytes);
    // Three steps of two frames more than a window, and a frame that makes up no step.
    const frames = FRAMES + 1 + 2 * 3 + 1;
    const data = Int8Array.from({ length: frames * CHANNELS }, (_, i) => ((i * 7919) % 256) - 128);
    const clip = work.write('clip.npy', writeNpy({ dtype: 'int8', shape: [1, frames, CHANNELS], data }));
    const args = ['verify', model, '--target', 'cortex-m4', '--stream', 'time=1', '--vectors', clip];
    const result = await nanoc([...args, '--json']);
    expect(result.exitCode).toBe(0);
    const [verified] = JSON.parse(result.out).results;
    expect(verified).toMatchObject({ passed: true, vectors: 50, windows: { passed: true, windows: 4, differing: 0 } });
    expect((await nanoc(args)).out).toMatch(/steps against 4 windows of the model +4 +every byte as the model/);
  });

  it('build: says what a step takes beside a window at once; the option is in nanoc.json, in the C and in the lock', async () => {
    const model = work.write('wake-word.onnx', bytes);
    work.write('nanoc.json', JSON.stringify({ model: 'wake-word.onnx', target: 'cortex-m4', stream: 'time=1' }));
    const output = join(work.path, 'out');
    const result = await nanoc(['build', model, '--no-compile', '--output', output]);
    expect(result.exitCode).toBe(0);
    expect(result.out).toMatch(/stream {2}2 of 93 rows a step, outputs valid after 46 steps/);
    expect(result.out).toMatch(/a step takes 12,064 MACs, a window at once 411,808/);
    expect(codesIn(result)).toContain('NC0242');
    const read = (file: string) => readFileSync(join(output, file), 'utf8');
    expect(read('wake_word.h')).toContain('#define WAKE_WORD_WARM_UP_STEPS 46u');
    expect(JSON.parse(read('nanoc.lock')).options.stream).toBe('time=1');
    expect(JSON.parse(read('report.json')).stream).toMatchObject({ hop: 2, window: 93, axis: 1 });
  });

  it('print: the reference graph is the step', async () => {
    const model = work.write('wake-word.onnx', bytes);
    const args = [
      'print',
      model,
      '--target',
      'cortex-m4',
      '--stream',
      'time=auto,hop=4',
      '--after',
      '3-rewrite:reference',
    ];
    const { out } = await nanoc(args);
    expect(out).toMatch(/^graph wake_word \(%features int8\[1,4,40\]/);
  });

  it('what is no stream is refused, on the command line and in nanoc.json', async () => {
    const model = work.write('wake-word.onnx', bytes);
    const wrong = await nanoc(['build', model, '--target', 'host', '--stream', 'axis=1']);
    expect([wrong.exitCode, wrong.err.includes('expected time=AXIS')]).toEqual([2, true]);
    work.write('nanoc.json', JSON.stringify({ stream: 'time=1,pads=zero' }));
    const config = await nanoc(['build', model, '--target', 'host', '--no-compile']);
    expect(codesIn(config)).toEqual(['NC0803']);
    expect(config.err).toContain('"stream": expected time=AXIS');
  });
});
