/** `--stream time=AXIS[,hop=ROWS][,pads=window|history]`: what a window of rows becomes when its rows arrive step by step. */

/** What a step takes the rows for that a convolution's pads stand for. */
export type StreamPads =
  /** The pads of the window: what they reach is computed anew in every step. */
  | 'window'
  /** Rows that came before; the pads are what a stream begins with. For causal models, which then need no window. */
  | 'history';

export interface StreamOptions {
  /** Axis of the model's input along which time runs, negative ones from the last; 'auto': the only one that can. */
  readonly time: number | 'auto';
  /** Rows of the input that a step takes; by default the product of the strides along time. */
  readonly hop?: number;
  /** 'window' if absent. */
  readonly pads?: StreamPads;
}

export const STREAM_FORM =
  'expected time=AXIS or time=auto, and hop=ROWS, pads=window or pads=history where wanted, with commas between.';

const NUMBER = /^-?\d+$/;

/** Reads the option's text. @returns what it says, or undefined where it is not of that form */
export function parseStream(text: string): StreamOptions | undefined {
  const pairs = text.split(',').map((part) => part.split('='));
  if (pairs.some((pair) => pair.length !== 2)) return undefined;
  const entries = new Map(pairs as [string, string][]);
  if (entries.size !== pairs.length || [...entries.keys()].some((key) => !['time', 'hop', 'pads'].includes(key)))
    return undefined;
  const [time, hop, pads] = [entries.get('time'), entries.get('hop'), entries.get('pads')];
  if (time === undefined || (time !== 'auto' && !NUMBER.test(time))) return undefined;
  if (hop !== undefined && (!NUMBER.test(hop) || Number(hop) < 1)) return undefined;
  if (pads !== undefined && pads !== 'window' && pads !== 'history') return undefined;
  return {
    time: time === 'auto' ? time : Number(time),
    ...(hop === undefined ? {} : { hop: Number(hop) }),
    ...(pads === undefined ? {} : { pads }),
  };
}

/** The text that `parseStream` reads. */
export function streamText({ time, hop, pads }: StreamOptions): string {
  return [
    `time=${time}`,
    ...(hop === undefined ? [] : [`hop=${hop}`]),
    ...(pads === undefined ? [] : [`pads=${pads}`]),
  ].join(',');
}
