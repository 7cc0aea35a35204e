/** Runs the C of audio front ends on a target (test/c/audio.c.hbs). */
import type { FrontEnd } from '../../compiler/audio/front-end.js';
import type { AudioPlan } from '../../compiler/audio/plan.js';
import { audioRuntime } from '../../compiler/audio/runtime.js';
import type { EmittedFile } from '../../compiler/compilation.js';
import { emitHost } from '../../compiler/emit-host.js';
import { frontEndFiles } from '../../compiler/phases/6-emit/audio.js';
import { runtimeFiles } from '../../compiler/phases/6-emit/runtime-files.js';
import { simulatedProgram, worldView } from '../../compiler/simulate/harness.js';
import { runOnce } from '../../compiler/simulate/once.js';
import { instructionsOf } from '../../compiler/simulate/program.js';
import { simulatorFor } from '../../compiler/simulate/simulator.js';
import { loadTarget } from '../../compiler/targets.js';

export type FrontEndPlan = Pick<AudioPlan, 'frontEnd' | 'quantization'>;

export interface SoundCase {
  readonly frontEnd: string;
  readonly samples: Int16Array;
  /** Samples of each call, over and over. */
  readonly pieces: readonly number[];
}

export interface Frame {
  readonly features: readonly number[];
  /** As the model takes them. */
  readonly row: readonly number[];
  /** Of the call that completed it; where the simulator counts. */
  readonly instructions?: number;
}

/**
 * Frames of each case.
 * @param change what becomes of a generated file (tests break it)
 */
export async function runSounds(
  targetName: string,
  plans: Readonly<Record<string, FrontEndPlan>>,
  cases: readonly SoundCase[],
  change: (file: EmittedFile) => EmittedFile = (file) => file,
): Promise<Frame[][]> {
  const target = await loadTarget(targetName);
  const simulator = simulatorFor(target);
  const host = emitHost();
  const names = Object.keys(plans);
  const fronts = names.map((name, index) => ({
    ...{ name, index, macro: name.toUpperCase() },
    type: plans[name]!.quantization === undefined ? 'float' : 'int8_t',
  }));
  const files = [
    ...runtimeFiles(
      names.flatMap((name) => audioRuntime(plans[name]!)),
      host,
    ),
    ...names.flatMap((name) => frontEndFiles(name, plans[name]!, host)).map(change),
    { path: 'main.c', content: simulatedProgram('../test/c/audio.c.hbs', { fronts, ...worldView(target) }) },
  ];
  const flags = { extraFlags: ['-Wpedantic', '-Werror'], sanitize: target.qemu === undefined };
  const response = await runOnce({ simulator, target, files, ...flags }, stimulusOf(names, cases), {
    timeoutMs: 300_000,
  });
  return readFrames(plans, cases, response, (ticks) =>
    simulator.canCount ? instructionsOf(target, ticks) : undefined,
  );
}

function stimulusOf(names: readonly string[], cases: readonly SoundCase[]): Uint8Array {
  const parts: Uint8Array[] = [words(cases.length)];
  for (const { frontEnd, samples, pieces } of cases) {
    parts.push(words(names.indexOf(frontEnd)));
    for (let at = 0, call = 0; at < samples.length; call += 1) {
      const piece = samples.slice(at, at + pieces[call % pieces.length]!);
      parts.push(words(piece.length), new Uint8Array(piece.buffer));
      at += piece.length;
    }
    parts.push(words(0));
  }
  return Buffer.concat(parts);
}

function words(...list: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(list).buffer);
}

/** Frames that so many samples make. */
export function frameCount({ windowSize, stride }: FrontEnd, samples: number): number {
  return samples < windowSize ? 0 : 1 + Math.floor((samples - windowSize) / stride);
}

function readFrames(
  plans: Readonly<Record<string, FrontEndPlan>>,
  cases: readonly SoundCase[],
  response: Uint8Array,
  instructionsOfTicks: (ticks: number) => number | undefined,
): Frame[][] {
  const buffer = Buffer.from(response);
  let at = 0;
  const take = (count: number) => buffer.subarray(at, (at += count));
  const frames = cases.map(({ frontEnd: name, samples }) => {
    const { frontEnd, quantization } = plans[name]!;
    return Array.from({ length: frameCount(frontEnd, samples.length) }, (): Frame => {
      const instructions = instructionsOfTicks(take(4).readUInt32LE());
      const features = Array.from({ length: frontEnd.channels }, () => take(4).readUInt32LE());
      const row = Array.from({ length: frontEnd.channels }, () =>
        quantization === undefined ? take(4).readFloatLE() : take(1).readInt8(),
      );
      return { features, row, ...(instructions === undefined ? {} : { instructions }) };
    });
  });
  if (at !== buffer.length) throw new Error('the response does not end with the last case');
  return frames;
}
