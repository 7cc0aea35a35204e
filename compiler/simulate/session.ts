/** Running a compiled model on its target: many vectors in one start of the simulator. */
import type { Compilation } from '../compilation.js';
import { valueOf } from '../ir/graph.js';
import { bytesOf, type Tensor } from '../ir/tensor.js';
import { applySource } from '../reference/source.js';
import { referenceInput, referenceOutput, toOnnx } from './onnx-form.js';
import { type DeviceProgram, instructionsOf, withProgram } from './program.js';
import type { VectorRecord } from './protocol.js';
import type { LayerProfile, RunOptions, RunResult, RunStep, Vector } from './run-result.js';

export type { LayerProfile, RunOptions, RunResult, RunStep, Vector } from './run-result.js';

/**
 * Builds the model for its target and runs the vectors. Those of a model with state are consecutive steps, from a reset or
 * from `options.state`.
 * @throws CompileError NC0601, NC0602 (compiler), NC0701 (simulator missing), NC0702 (hang), NC0703 (fault, with the layer)
 */
export async function runModel(
  compilation: Compilation,
  vectors: readonly Vector[],
  options: RunOptions = {},
): Promise<RunResult> {
  return withProgram(compilation, options, (program) => runVectors(program, vectors, options));
}

/** As `runModel`, with a program that is there already. */
export async function runVectors(
  program: DeviceProgram,
  vectors: readonly Vector[],
  options: RunOptions,
): Promise<RunResult> {
  const { compilation, simulator, layout } = program;
  const mode = options.mode ?? 'run';
  const stimulus = {
    mode,
    vectors: vectors.map((vector) => toDevice(compilation, vector)),
    ...(options.state === undefined ? {} : { state: options.state }),
  };
  const response = await program.respond(stimulus, options);
  const steps = response.vectors.map((record) => runStep(program, record));
  return {
    steps,
    ...(mode === 'profile' ? { layers: layerProfiles(compilation, steps) } : {}),
    state: layout.stateBytes === 0 ? new Uint8Array() : response.state,
    simulator: { name: simulator.name, proves: simulator.proves },
  };
}

/** Inputs in the device's type and layout. */
export function toDevice(compilation: Compilation, vector: Vector): Vector {
  const { graph, reference } = compilation;
  const states = new Set(graph.states.map((state) => state.input));
  const entries = graph.inputs
    .filter((name) => !states.has(name))
    .map((name): [string, Tensor] => {
      const value = valueOf(graph, name);
      const wanted = referenceInput(graph, reference, name);
      const tensor = vector.get(wanted.name) ?? vector.get(name);
      if (tensor === undefined) throw new Error(`no tensor for input "${wanted.name}"`);
      if (tensor.dtype !== wanted.dtype || tensor.shape.join() !== wanted.shape.join()) {
        const got = `${tensor.dtype}[${tensor.shape}]`;
        throw new Error(`input "${wanted.name}" is ${wanted.dtype}[${wanted.shape}], the tensor given is ${got}`);
      }
      return [name, value.source === undefined ? tensor : applySource(value, tensor)];
    });
  return new Map(entries);
}

/** Graph outputs of one inference, by ONNX name; those that are constants do not come from the device. */
export function outputTensors(program: DeviceProgram, record: VectorRecord): Map<string, Tensor> {
  const { graph, reference } = program.compilation;
  const sent = new Map(program.layout.outputs.map(({ name }, index) => [name, record.outputs[index]!]));
  return new Map(
    graph.outputs.map((name): [string, Tensor] => {
      const value = valueOf(graph, name);
      const onnx = referenceOutput(graph, reference, name);
      const bytes = sent.get(name) ?? (value.constant === undefined ? undefined : bytesOf(value.constant.data));
      if (bytes === undefined) throw new Error(`invariant: output "${name}" is neither in RAM nor a constant`);
      return [onnx.name, toOnnx(value, onnx, bytes)];
    }),
  );
}

function runStep(program: DeviceProgram, record: VectorRecord): RunStep {
  const { target } = program.compilation;
  const layers = record.steps.map((step) => instructionsOf(target, step.ticks));
  const counted = layers.filter((count) => count !== undefined);
  const whole =
    record.ticks === undefined ? counted.reduce((sum, count) => sum + count, 0) : instructionsOf(target, record.ticks);
  return {
    outputs: outputTensors(program, record),
    ...(program.simulator.canCount && whole !== undefined ? { instructions: whole } : {}),
    ...(program.simulator.canCount && record.steps.length > 0 ? { layers: counted } : {}),
  };
}

function layerProfiles(compilation: Compilation, steps: readonly RunStep[]): LayerProfile[] {
  return compilation.plan.calls.map((call, step) => {
    const counts = steps.flatMap(({ layers }) => layers?.[step] ?? []);
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    return {
      step,
      node: call.node.name,
      op: call.node.op,
      function: call.function,
      macs: call.macs,
      ...(counts.length === 0 ? {} : { instructions: Math.round(mean) }),
    };
  });
}
