/** How sound goes into a compiled model: which input takes the features, and how many frames it is given at a time. */
import { fail } from '../diagnostics/diagnostic.js';
import { type Graph, type Value, valueOf } from '../ir/graph.js';
import { elementCount } from '../ir/tensor.js';
import type { FrontEnd } from './front-end.js';
import { type AudioSource, parseFrontEnd } from './parse.js';
import { thresholdsOf } from './quantize.js';

export interface AudioPlan {
  readonly frontEnd: FrontEnd;
  /** Name of the input. */
  readonly input: string;
  /** Frames that the input holds, and new ones of them for each inference. */
  readonly rows: number;
  readonly step: number;
  /** Inferences whose outputs are not valid yet, of a streamed model. */
  readonly warmUp: number;
  /** Of an int8 or uint8 input; a float input takes features times `frontEnd.scale`. */
  readonly quantization?: { readonly thresholds: Uint16Array; readonly zeroPoint: number };
}

const HIGHEST: Readonly<Record<string, number>> = { int8: 127, uint8: 255 };

/** @throws CompileError NC0738 when the file is no front end, NC0739 when the model does not take its features */
export function planAudio(graph: Graph, source: AudioSource, warmUp = 0): AudioPlan {
  const frontEnd = parseFrontEnd(source);
  const value = inputOf(graph, frontEnd.input);
  const rows = rowsOf(value, frontEnd.channels);
  const step = stepOf(frontEnd.frames, { rows, hasState: graph.states.length > 0 }, value);
  return { frontEnd, input: value.name, rows, step, warmUp, ...quantizationOf(value, frontEnd) };
}

function refuse(value: Value | undefined, text: { expected?: string; because: string; help?: string }): never {
  return fail({
    code: 'NC0739',
    message: 'the model does not take the features of the audio front end',
    ...(value === undefined ? {} : { node: `input "${value.name}": ${value.dtype}[${value.shape}]` }),
    ...text,
  });
}

function inputOf(graph: Graph, wanted: string | undefined): Value {
  const states = new Set(graph.states.map(({ input }) => input));
  const inputs = graph.inputs.filter((name) => !states.has(name));
  const listed = inputs.map((name) => `"${name}"`).join(', ') || 'none';
  if (wanted !== undefined && !inputs.includes(wanted))
    return refuse(undefined, { because: `it has no input "${wanted}"; its inputs are ${listed}` });
  if (inputs.length !== 1)
    return refuse(undefined, {
      expected: 'one input; all others as state',
      because: `its inputs are ${listed}`,
      help: 'bind what is kept between inferences by --state output=input',
    });
  return valueOf(graph, inputs[0]!);
}

/** Frames follow each other in memory: sizes of 1 do not matter. */
function rowsOf(value: Value, channels: number): number {
  const sizes = value.shape.filter((size) => size !== 1);
  const count = elementCount(value.shape);
  const last = sizes.at(-1) ?? 1;
  if (count === channels || (last === channels && sizes.length <= 2)) return count / channels;
  return refuse(value, {
    expected: `[frames, ${channels}]: frames one after the other, with ${channels} channels each`,
    because:
      sizes.length === 2 && sizes[0] === channels
        ? 'its channels come first: put a Transpose behind the input, it costs nothing where the first layer is a convolution'
        : `its last dimension is not the ${channels} channels of the front end`,
  });
}

function stepOf(
  frames: number | undefined,
  { rows, hasState }: { rows: number; hasState: boolean },
  value: Value,
): number {
  if (hasState) {
    if (frames === undefined || frames === rows) return rows;
    return refuse(value, {
      because: `"frames" is ${frames}, and a model with state takes all ${rows} of its frames anew`,
    });
  }
  const step = frames ?? (rows === 1 ? 1 : undefined);
  if (step !== undefined && step <= rows) return step;
  return refuse(value, {
    expected: `"frames" in the front end's file: how many of the ${rows} frames are new at each inference`,
    because:
      step === undefined ? 'the model has no state, so its input is a window that moves on' : `"frames" is ${step}`,
  });
}

function quantizationOf(value: Value, { scale }: FrontEnd): Pick<AudioPlan, 'quantization'> {
  if (value.dtype === 'float32') return {};
  const highest = HIGHEST[value.dtype];
  const { quantization } = value;
  if (highest === undefined)
    return refuse(value, { expected: 'int8, uint8 or float32', because: `it is ${value.dtype}` });
  if (quantization === undefined || quantization.scale.length !== 1)
    return refuse(value, { because: 'it has no scale and zero point of its own' });
  const zeroPoint = quantization.zeroPoint[0]!;
  const thresholds = thresholdsOf(scale, quantization, highest);
  if (thresholds.length === 0)
    return refuse(value, {
      because: `every feature would be its zero point, ${zeroPoint}: its scale is ${quantization.scale[0]}, that of the front end ${scale}`,
      help: 'is "scale" what the model was trained with?',
    });
  return { quantization: { thresholds, zeroPoint } };
}
