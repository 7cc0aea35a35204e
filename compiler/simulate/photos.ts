/**
 * Running a model with its image front end on its target: frames in, outputs out. The front end is the generated C, and what it makes
 * is compared with its reference.
 *
 * Stimulus: number of photos (u32), frames. Response: for each ticks of the front end (u64), input, ticks of the inference (u64), outputs.
 */
import type { Compilation } from '../compilation.js';
import { EXIT, fail } from '../diagnostics/diagnostic.js';
import { imageToInput } from '../image/reference.js';
import { totalMacs } from '../ir/kernel-call.js';
import { byteLength, bytesOf, type Tensor } from '../ir/tensor.js';
import { makeContext, type Port } from '../phases/6-emit/context.js';
import { linkedLibraries } from '../vendor/linked.js';
import { simulatedProgram, worldView } from './harness.js';
import { runOnce } from './once.js';
import { outputTensor } from './onnx-form.js';
import { instructionsOf, modelSources } from './program.js';
import { type SimulatorAbout, type SimulatorChoice, simulatorFor } from './simulator.js';
import { mostInstructions, timeLimit } from './time-limit.js';

export interface PhotosRequest {
  /** Of the camera: width x height x bytes of a pixel each. */
  readonly frames: readonly Uint8Array[];
  readonly simulator?: SimulatorChoice;
  readonly signal?: AbortSignal;
}

export interface PhotoStep {
  /** By ONNX name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** Of the front end and of the inference; absent where the simulator cannot count. */
  readonly instructions?: { readonly image: number; readonly inference: number };
}

export interface PhotosResult {
  readonly steps: readonly PhotoStep[];
  readonly simulator: { readonly name: string; readonly proves: string };
}

/** @throws CompileError NC0752 when the model has other inputs, NC06xx, NC07xx; Error when it was compiled without an image front end */
export async function runPhotos(compilation: Compilation, request: PhotosRequest): Promise<PhotosResult> {
  const { target, image, name } = compilation;
  if (image === undefined) throw new Error('the model was compiled without an image front end');
  const ports = portsOf(compilation, image.input);
  const simulator = simulatorFor(target, request.simulator);
  const view = { name, macro: name.toUpperCase(), ...ports, ...worldView(target) };
  const files = [
    ...(await modelSources(compilation, undefined)),
    { path: 'photos.c', content: simulatedProgram('photos.c.hbs', view) },
  ];
  const head = Buffer.alloc(4);
  head.writeUInt32LE(request.frames.length);
  const response = await runOnce(
    { simulator, target, files, libraries: linkedLibraries(compilation) },
    Buffer.concat([head, ...request.frames]),
    {
      timeoutMs: timeoutOf(compilation, request.frames, simulator),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    },
  );
  const steps = readSteps(compilation, ports, request.frames, response).map(({ ticks, outputs }) => {
    if (!simulator.canCount) return { outputs };
    const [front, inference] = ticks.map((count) => instructionsOf(target, count));
    if (front === undefined || inference === undefined) return { outputs };
    return { outputs, instructions: { image: front, inference } };
  });
  return { steps, simulator: { name: simulator.name, proves: simulator.proves } };
}

interface Ports {
  readonly input: Port;
  readonly outputs: readonly Port[];
}

function portsOf(compilation: Compilation, image: string): Ports {
  const { inputs, outputs } = makeContext(compilation);
  const input = inputs.find(({ value }) => value.name === image);
  if (input !== undefined && inputs.length === 1) return { input, outputs };
  return fail({
    code: 'NC0752',
    message: 'the model has inputs besides the image',
    because: inputs.map(({ value }) => `"${value.name}"`).join(', '),
    help: '`nanoc run --photo` can fill only one; a firmware fills the others itself',
  });
}

/** Instructions for a byte of a frame that nothing exceeds. */
const SLOWEST_BYTE = 200;

function timeoutOf({ plan }: Compilation, frames: readonly Uint8Array[], simulator: SimulatorAbout): number {
  const inference = mostInstructions(totalMacs(plan.calls));
  const work = frames.reduce((sum, frame) => sum + frame.length * SLOWEST_BYTE + inference, 0);
  return timeLimit(simulator, frames.length, work);
}

interface Step {
  readonly ticks: readonly [image: number, inference: number];
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/** @throws CompileError NC0703 when an input is not the reference's */
function readSteps(
  compilation: Compilation,
  { input, outputs }: Ports,
  frames: readonly Uint8Array[],
  response: Uint8Array,
): Step[] {
  const { graph, reference } = compilation;
  const buffer = Buffer.from(response);
  let at = 0;
  const take = (count: number) => buffer.subarray(at, (at += count));
  const ticks = () => Number(take(8).readBigUInt64LE());
  return frames.map((frame, index) => {
    const front = ticks();
    const { data } = imageToInput(compilation.image!, frame, input.value.shape);
    if (!take(byteLength(input.value)).equals(bytesOf(data))) {
      fail(
        {
          code: 'NC0703',
          message: `the image front end made another input of picture ${index + 1} than its reference`,
          help: 'this is a defect of nanoc, of the C compiler or of the simulator; please report it with the picture',
        },
        EXIT.failed,
      );
    }
    const inference = ticks();
    const tensors = outputs.map(({ value }) => outputTensor(graph, reference, value, take(byteLength(value))));
    return { ticks: [front, inference], outputs: new Map(tensors) };
  });
}
