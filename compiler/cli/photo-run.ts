/** `nanoc run --photo`: pictures through the image front end and the model in the simulator, and what the model sees in them. */
import { basename, resolve } from 'node:path';
import type { Compilation } from '../compilation.js';
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import type { ImagePlan } from '../image/plan.js';
import { grouped } from '../report/format.js';
import type { PhotoStep, PhotosResult } from '../simulate/photos.js';
import { compileSimulated } from './compile-simulated.js';
import { interruptible } from './interrupt.js';
import { oneTarget, resolveJob } from './job.js';
import { readPhotoFile } from './model-file.js';
import type { CompileFlags } from './options.js';
import { withProgress } from './progress.js';
import { describeOutput, realValues, type Score, scoresOf } from './results.js';
import { printJson, type Session, say, showDiagnostics } from './session.js';
import { type SimulatorFlags, simulatorChoice } from './simulator-options.js';
import { stylesOf } from './terminal.js';

/** @param photos paths @throws CompileError NC0751 without a front end, NC0753 */
export async function runPhotoFiles(
  session: Session,
  flags: CompileFlags & SimulatorFlags,
  photos: readonly string[],
  model: string | undefined,
): Promise<number> {
  const job = await resolveJob(session, model, flags);
  if (job.options.image === undefined) {
    fail({
      code: 'NC0751',
      message: 'no image front end is described',
      help: 'give --image image.json, or "image" in nanoc.json',
    });
  }
  const target = oneTarget(job, flags);
  const compilation = await compileSimulated(session, job, target, flags);
  const { image } = compilation;
  if (image === undefined) throw new Error('invariant: an image front end was asked for');
  const { frameOf, readPhoto } = await import('../image/photo.js');
  const pictures = photos.map((path) => readPhoto(path, readPhotoFile(resolve(session.terminal.cwd, path))));
  const frames = pictures.map((picture) => frameOf(image, picture));
  showDiagnostics(session, compilation.diagnostics);
  const { runPhotos } = await import('../simulate/photos.js');
  const result = await interruptible((signal) =>
    withProgress(session, `running on ${compilation.target.name}`, () =>
      runPhotos(compilation, { frames, signal, ...simulatorChoice(flags) }),
    ),
  );
  const seen = result.steps.map((step, index): Seen => {
    const { width, height } = pictures[index]!;
    const fitted = width !== image.frame.width || height !== image.frame.height;
    return { photo: basename(photos[index]!), fitted, step, ...classOf(compilation, image, step) };
  });
  if (session.json) await printJson(session, 'photos', asJson(compilation, result, seen));
  else show(session, compilation, result, seen);
  return EXIT.good;
}

interface Seen {
  readonly photo: string;
  /** Whether it had another size than the frame. */
  readonly fitted: boolean;
  readonly step: PhotoStep;
  /** The best class, where an output looks like scores of classes. */
  readonly label?: string;
  readonly score?: number;
}

function classOf(
  { reference }: Compilation,
  { spec }: ImagePlan,
  { outputs }: PhotoStep,
): Pick<Seen, 'label' | 'score'> {
  for (const [name, tensor] of outputs) {
    const [best] = scoresOf(tensor, realValues(tensor, reference.values.get(name)?.quantization)) ?? [];
    if (best !== undefined) return { label: labelOf(spec.labels, best), score: best.value };
  }
  return {};
}

function labelOf(labels: readonly string[] | undefined, { index }: Score): string {
  return labels?.[index] ?? `class ${index}`;
}

function show(session: Session, { reference }: Compilation, { simulator }: PhotosResult, seen: readonly Seen[]): void {
  const style = stylesOf(session.terminal);
  for (const { photo, label, score, step, fitted } of seen) {
    const { instructions, outputs } = step;
    const counts =
      instructions === undefined
        ? ''
        : `  ${grouped(instructions.image)} instructions for the image, ${grouped(instructions.inference)} for the inference`;
    const what = label === undefined ? '' : `: ${label} (${score!.toFixed(2)})`;
    session.terminal.out(`${style.bold(`${photo}${what}`)}${style.dim(counts)}\n`);
    if (fitted) say(session, style.dim('  its middle was resized to the frame of the camera\n'));
    if (label !== undefined) continue;
    for (const [name, tensor] of outputs) {
      const lines = describeOutput(name, tensor, reference.values.get(name)?.quantization);
      session.terminal.out(`${lines.map((line) => `  ${line}`).join('\n')}\n`);
    }
  }
  say(session, style.dim(`${simulator.name}: ${simulator.proves}\n`));
}

function asJson({ target, diagnostics }: Compilation, { simulator }: PhotosResult, seen: readonly Seen[]) {
  return {
    ok: true,
    target: target.name,
    simulator,
    photos: seen.map(({ photo, fitted, label, score, step }) => ({
      photo,
      fitted,
      ...(label === undefined ? {} : { label, score }),
      ...(step.instructions === undefined ? {} : { instructions: step.instructions }),
      outputs: Object.fromEntries(
        [...step.outputs].map(([name, { dtype, shape, data }]) => [
          name,
          { dtype, shape, data: Array.from(data as Int8Array, Number) },
        ]),
      ),
    })),
    diagnostics,
  };
}
