/**
 * The reference gives what microfrontend gives. `expected/*.bin` is what tensorflow/tflite-micro 90b983c2 (Apache-2.0), built for x86-64, answers to
 * `sounds(4000)` with the parameters of front-ends.ts: features of all sounds one after the other, uint16, little-endian. Its tables are of
 * float functions (log1pf, cosf, powf) that round right; those of older C libraries differ in the last bit here and there (docs/AUDIO.md).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FrontEndReference } from '../../compiler/audio/front-end.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { frontEndOf, names } from './front-ends.js';
import { loneLowest, sounds } from './sounds.js';

function answersOf(name: string): number[] {
  const bytes = readFileSync(join(packageRoot(), 'test/audio/expected', `${name}.bin`));
  return Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readUInt16LE(2 * i));
}

describe('microfrontend', () => {
  it.each(names)('%s: its features are those of the reference', (name) => {
    const frontEnd = frontEndOf(name);
    const answers = answersOf(name);
    let at = 0;
    for (const [sound, samples] of Object.entries(sounds(4000))) {
      const frames = new FrontEndReference(frontEnd).push(samples);
      for (const [index, features] of frames.entries()) {
        const wanted = answers.slice(at, (at += frontEnd.channels));
        expect(Array.from(features), `${sound}, frame ${index}`).toEqual(wanted);
      }
    }
    expect(at).toBe(answers.length);
  });

  it('hears -32768 where microfrontend takes it for silence', () => {
    // Frames 2 to 4 see it; 3 has it in its middle, where the window is 1.
    const frames = new FrontEndReference(frontEndOf('wake')).push(loneLowest(1280));
    expect(frames.map((features) => Math.max(...features) > 0)).toEqual([false, false, true, true, true, false]);
  });
});
