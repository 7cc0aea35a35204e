/** Runs image front ends in C on a target, frame by frame (test/c/image.c.hbs). */
import type { EmittedFile } from '../../compiler/compilation.js';
import { emitHost } from '../../compiler/emit-host.js';
import type { ImagePlan } from '../../compiler/image/plan.js';
import { bytesPerElement } from '../../compiler/ir/tensor.js';
import { imageFiles } from '../../compiler/phases/6-emit/image.js';
import { ctypeOfDtype } from '../../compiler/phases/6-emit/ports.js';
import { simulatedProgram, worldView } from '../../compiler/simulate/harness.js';
import { runOnce } from '../../compiler/simulate/once.js';
import { simulatorFor } from '../../compiler/simulate/simulator.js';
import { loadTarget } from '../../compiler/targets.js';

export interface ImageCase {
  readonly plan: ImagePlan;
  readonly frame: Uint8Array;
}

export interface ImageResult {
  /** Calls until the first that returned 0. */
  readonly rows: number;
  /** What the last call returned. */
  readonly more: number;
  /** Of the input. */
  readonly bytes: Uint8Array;
}

/** @param change what becomes of a generated file (tests break it) */
export async function runImageCases(
  targetName: string,
  cases: readonly ImageCase[],
  change: (file: EmittedFile) => EmittedFile = (file) => file,
): Promise<ImageResult[]> {
  const target = await loadTarget(targetName);
  const simulator = simulatorFor(target);
  const host = emitHost();
  const names = cases.map((_, index) => `case${index}`);
  const views = cases.map(({ plan }, index) => ({
    name: names[index],
    macro: names[index]!.toUpperCase(),
    ctype: ctypeOfDtype(plan.dtype),
  }));
  const files = [
    ...cases.flatMap(({ plan }, index) => imageFiles(names[index]!, plan, host)).map(change),
    { path: 'main.c', content: simulatedProgram('../test/c/image.c.hbs', { cases: views, ...worldView(target) }) },
  ];
  const flags = {
    extraFlags: ['-Wpedantic', '-Wconversion', '-Wshadow', '-Werror'],
    sanitize: target.qemu === undefined,
  };
  const stimulus = Buffer.concat(cases.map(({ frame }) => frame));
  const response = Buffer.from(await runOnce({ simulator, target, files, ...flags }, stimulus, { timeoutMs: 120_000 }));
  let at = 0;
  const results = cases.map(({ plan }): ImageResult => {
    const size = plan.rows.output * plan.columns.output * plan.channels * bytesPerElement(plan.dtype);
    const [rows, more] = [response.readUInt32LE(at), response.readUInt32LE(at + 4)];
    const bytes = response.subarray(at + 8, at + 8 + size);
    at += 8 + size;
    return { rows, more, bytes };
  });
  if (at !== response.length) throw new Error('the response goes on behind the last case');
  return results;
}
