/** Runs image front ends in C on a target, frame by frame (test/c/image.c.hbs). */
import { emitHost } from '../../compiler/emit-host.js';
import type { ImagePlan } from '../../compiler/image/plan.js';
import { bytesPerElement } from '../../compiler/ir/tensor.js';
import { imageFiles } from '../../compiler/phases/6-emit/image.js';
import { ctypeOfDtype } from '../../compiler/phases/6-emit/ports.js';
import { simulatedProgram, worldView } from '../../compiler/simulate/harness.js';
import { withFolder } from '../../compiler/simulate/program.js';
import { simulatorFor } from '../../compiler/simulate/simulator.js';
import { loadTarget } from '../../compiler/targets.js';
import { buildFirmware, simulatorSupport } from '../../compiler/toolchain/build.js';

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

export async function runImageCases(targetName: string, cases: readonly ImageCase[]): Promise<ImageResult[]> {
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
    ...cases.flatMap(({ plan }, index) => imageFiles(names[index]!, plan, host)),
    ...(await simulatorSupport(simulator)),
    { path: 'main.c', content: simulatedProgram('../test/c/image.c.hbs', { cases: views, ...worldView(target) }) },
  ];
  return withFolder(undefined, async (directory) => {
    const extraFlags = ['-Wpedantic', '-Wconversion', '-Wshadow', '-Werror'];
    const sanitize = target.qemu === undefined;
    const build = await buildFirmware({ files, target, directory, includeDirectories: [], extraFlags, sanitize });
    const stimulus = Buffer.concat(cases.map(({ frame }) => frame));
    const response = Buffer.from(await simulator.run(build, stimulus, { timeoutMs: 120_000 }));
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
  });
}
