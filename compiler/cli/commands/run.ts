import type { Command } from 'commander';
import type { Compilation } from '../../compilation.js';
import { EXIT } from '../../diagnostics/diagnostic.js';
import type { Tensor } from '../../ir/tensor.js';
import { grouped } from '../../report/format.js';
import type { LayerProfile, RunResult, RunStep } from '../../simulate/run-result.js';
import type { VectorSet } from '../../verify/vector-set.js';
import { type CommandDefinition, defineCommand } from '../command.js';
import { interruptible } from '../interrupt.js';
import { oneTarget, resolveJob } from '../job.js';
import { appendText, type CompileFlags, declareCompile, declareModel } from '../options.js';
import { withProgress } from '../progress.js';
import { compileProven } from '../proven-job.js';
import { describeOutput, realValues, topScores } from '../results.js';
import { printJson, type Session, say, showDiagnostics } from '../session.js';
import { declareSimulator, type SimulatorFlags, simulatedJob, simulatorChoice } from '../simulator-options.js';
import { declareSound, type SoundFlags } from '../sound-options.js';
import { renderTable } from '../table.js';
import { stylesOf } from '../terminal.js';
import { declareText, type TextFlags } from '../text-options.js';
import { declareVectors, type VectorFlags, vectorsFor } from '../vector-options.js';

type Flags = CompileFlags &
  SimulatorFlags &
  VectorFlags &
  TextFlags &
  SoundFlags & { readonly input?: string; readonly profile?: boolean; readonly photo?: readonly string[] };

/** Inferences that text shows one by one. */
const SHOWN = 8;

export const run = defineCommand<Flags>({
  name: 'run',
  description: 'run a model on its target, in the simulator, and print the outputs',
  examples: [
    'nanoc run kws.onnx --target cortex-m4 --input clip.npy',
    'nanoc run kws.onnx --target cortex-m4 --profile',
    'nanoc run kws.onnx --target stm32f407 --sim labwired',
    'nanoc run kws.onnx --target stm32f407 --sim board --port /dev/ttyUSB0',
    'nanoc run model.onnx --target cortex-m4 --tokenizer tokenizer.json --text "Once upon a time"',
    'nanoc run model.onnx --target cortex-m4 --image image.json --photo photo.png',
    'nanoc run wake-word.onnx --target cortex-m4 --audio audio.json --sound clip.wav --clock 64MHz',
  ],
  declare: (command) => {
    declareRun(command);
    command.option('--profile', 'count the instructions of every layer');
    command.option(
      '--photo <file>',
      'PNG or PPM for the image front end (needs --image); may be given again',
      appendText,
    );
    declareText(command);
    declareSound(command);
  },
  run: async (session, flags, [model]) => {
    if (flags.photo !== undefined) {
      const { runPhotoFiles } = await import('../photo-run.js');
      return runPhotoFiles(session, flags, flags.photo, model);
    }
    if (flags.sound !== undefined) {
      const { runSound } = await import('../sound-run.js');
      return runSound(session, flags, flags.sound, model);
    }
    if (flags.text === undefined) return runAndShow(session, flags, model, flags.profile === true);
    const { runText } = await import('../text-run.js');
    return runText(session, flags, flags.text, model);
  },
});

export const profile: CommandDefinition = defineCommand<Flags>({
  name: 'profile',
  description: 'count the instructions of every layer: run --profile',
  examples: ['nanoc profile kws.onnx --target cortex-m4'],
  declare: declareRun,
  run: (session, flags, [model]) => runAndShow(session, flags, model, true),
});

function declareRun(command: Command): void {
  declareModel(command);
  command.option('--input <file>', 'inputs: .npy, .npz, .json or raw bytes (default: random)');
  declareVectors(command);
  declareSimulator(command);
  declareCompile(command);
}

async function runAndShow(
  session: Session,
  flags: Flags,
  model: string | undefined,
  profiled: boolean,
): Promise<number> {
  const job = await resolveJob(session, model, flags);
  const target = oneTarget(job, flags);
  const { onProof } = await import('../../simulate/proof.js');
  const chosen = await compileProven(session, await simulatedJob(job, target, flags), target, 'known');
  const compilation = await onProof(chosen.compilation);
  // A model with state shows what it remembers only over several steps.
  const count = compilation.reference.states.length > 0 ? 4 : 1;
  const set = await vectorsFor(session, compilation, flags, { file: flags.input, count, random: true });
  const { runModel } = await import('../../simulate/session.js');
  const result = await interruptible((signal) =>
    withProgress(session, `running on ${compilation.target.name}`, () =>
      runModel(compilation, set.vectors, { mode: profiled ? 'profile' : 'run', signal, ...simulatorChoice(flags) }),
    ),
  );
  showDiagnostics(session, compilation.diagnostics);
  if (session.json) await printJson(session, 'run', asJson(compilation, set, result));
  else show(session, compilation, set, result);
  return EXIT.good;
}

function show(session: Session, compilation: Compilation, set: VectorSet, result: RunResult): void {
  const { terminal } = session;
  const style = stylesOf(terminal);
  for (const [index, step] of result.steps.slice(0, SHOWN).entries()) {
    const instructions = step.instructions === undefined ? '' : `  ${grouped(step.instructions)} instructions`;
    say(session, `${style.bold(set.labels[index] ?? `vector ${index + 1}`)}${style.dim(instructions)}\n`);
    for (const [name, tensor] of outputsOf(compilation, step)) {
      const lines = describeOutput(name, tensor, compilation.reference.values.get(name)?.quantization);
      terminal.out(`${lines.map((line) => `  ${line}`).join('\n')}\n`);
    }
  }
  if (result.steps.length > SHOWN) say(session, `... and ${result.steps.length - SHOWN} more; --json prints all\n`);
  if (result.layers !== undefined) say(session, `\n${profileTable(session, result.layers)}`);
  say(session, style.dim(`${result.simulator.name}: ${result.simulator.proves}\n`));
}

function profileTable(session: Session, layers: readonly LayerProfile[]): string {
  const total = layers.reduce((sum, { instructions }) => sum + (instructions ?? 0), 0);
  const right = 'right' as const;
  const columns = [
    { title: '#', align: right },
    { title: 'operator' },
    { title: 'kernel' },
    { title: 'MACs', align: right },
    { title: 'instructions', align: right },
    { title: 'per MAC', align: right },
    { title: 'share', align: right },
    { title: 'layer' },
  ];
  const rows = layers.map(({ step, node, op, function: kernel, macs, instructions }) => [
    String(step + 1),
    op,
    kernel.replace(/^nanoc_/, ''),
    macs === 0 ? '' : grouped(macs),
    instructions === undefined ? '' : grouped(instructions),
    instructions === undefined || macs === 0 ? '' : (instructions / macs).toFixed(2),
    instructions === undefined || total === 0 ? '' : `${((100 * instructions) / total).toFixed(1)} %`,
    node,
  ]);
  const macs = layers.reduce((sum, layer) => sum + layer.macs, 0);
  const sum = [
    '',
    'total',
    '',
    grouped(macs),
    total === 0 ? '' : grouped(total),
    total === 0 || macs === 0 ? '' : (total / macs).toFixed(2),
    '',
    '',
  ];
  return renderTable(columns, [...rows, sum], { head: stylesOf(session.terminal).bold, width: session.terminal.width });
}

/** Without the states: they are memory, not results. */
function outputsOf(compilation: Compilation, step: RunStep): [string, Tensor][] {
  const states = new Set(compilation.reference.states.map(({ output }) => output));
  return [...step.outputs].filter(([name]) => !states.has(name));
}

function asJson(compilation: Compilation, set: VectorSet, result: RunResult) {
  return {
    ok: true,
    target: compilation.target.name,
    simulator: result.simulator,
    steps: result.steps.map((step, index) => ({
      label: set.labels[index],
      ...(step.instructions === undefined ? {} : { instructions: step.instructions }),
      outputs: Object.fromEntries(
        outputsOf(compilation, step).map(([name, tensor]) => [name, outputJson(compilation, name, tensor)]),
      ),
    })),
    ...(result.layers === undefined ? {} : { layers: result.layers }),
    diagnostics: compilation.diagnostics,
  };
}

function outputJson(compilation: Compilation, name: string, tensor: Tensor) {
  const real = realValues(tensor, compilation.reference.values.get(name)?.quantization);
  const best = topScores(tensor, real);
  return {
    dtype: tensor.dtype,
    shape: tensor.shape,
    data: Array.from(tensor.data as Int32Array, Number).map((x) => (Number.isFinite(x) ? x : String(x))),
    ...(real === undefined || tensor.dtype === 'float32' ? {} : { real }),
    ...(best === undefined ? {} : { best }),
  };
}
