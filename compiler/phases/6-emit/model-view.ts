/** View objects of `<model>.h` and `<model>.c`. */

import type { Compilation } from '../../compilation.js';
import { type BufferView, buffersView } from './buffers.js';
import { type CallsView, callsView } from './calls.js';
import { commandText } from './command.js';
import type { EmitContext } from './context.js';
import { COLUMNS, commentText, floatLiteral, wrapCall, wrapComment } from './literals.js';
import { type PortView, portView } from './ports.js';
import { runtimeAbi } from './runtime-files.js';
import type { FillKind, Selftest } from './selftest.js';
import { type Sizes, sizesOf, sizesTable } from './sizes.js';
import { type StateView, statesView } from './states.js';

/** Everything about the model's C files that takes arithmetic, made once: constants are registered in order of use. */
export interface ModelParts {
  readonly calls: CallsView;
  readonly inputs: readonly PortView[];
  readonly outputs: readonly PortView[];
  readonly states: readonly StateView[];
  readonly buffers: readonly BufferView[];
  readonly sizes: Sizes;
  readonly selftest: Selftest;
}

export function modelParts(context: EmitContext, selftest: Selftest): ModelParts {
  const calls = callsView(context);
  const inputs = context.inputs.map((port) => portView(context, port));
  const outputs = context.outputs.map((port) => portView(context, port));
  const states = statesView(context);
  return { calls, inputs, outputs, states, buffers: buffersView(context), sizes: sizesOf(context), selftest };
}

/** Words after a label, in lines that fit into a comment of 100 columns; further lines are indented as the first. */
function hanging(label: string, text: string): string[] {
  const lines = [label];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1]!;
    if (last.trim() === label.trim() || last.length + word.length + 4 <= COLUMNS)
      lines[lines.length - 1] = `${last}${word} `;
    else lines.push(`${' '.repeat(label.length)}${word} `);
  }
  return lines;
}

/** Lines of the comment at the head of a file: tool, model, target, command, sizes. */
export function headLines(context: EmitContext, sizes: Sizes): string[] {
  const { compilation, host } = context;
  const { plan, target, source } = compilation;
  const gap = plan.arenaBytes - plan.lowerBound;
  const bound = gap === 0 ? 'the lower bound of this order' : `${gap} above the lower bound of this order`;
  return [
    `model    ${commentText(source.fileName)}`,
    `sha256   ${host.sha256(source.bytes)}`,
    `tool     nanoc ${host.version}`,
    `target   ${target.name} (${commentText(target.description)})`,
    ...hanging('command  ', commentText(commandText(compilation))),
    `arena    ${plan.arenaBytes} bytes, ${bound}${context.sharedArena ? '; shared with other models' : ''}`,
    '',
    ...sizesTable(sizes),
  ].map((line) => line.trimEnd());
}

export function headerView(context: EmitContext, parts: ModelParts): object {
  const { compilation, name, macro, host } = context;
  const { plan } = compilation;
  const invocations = parts.selftest.invocations;
  return {
    title: `${name}: inference with static memory. Generated: do not edit.`,
    head: headLines(context, parts.sizes),
    name,
    macro,
    abi: runtimeAbi(host),
    ports: [...parts.inputs, ...parts.outputs].map((port) => ({
      ...port,
      comment: portComment(port),
      macros: portMacros(port).map((text) => ({ text })),
    })),
    inputs: parts.inputs.map((port) => ({ ...port, comment: accessorComment(port, context.sharedArena) })),
    outputs: parts.outputs.map((port) => ({ ...port, comment: accessorComment(port, context.sharedArena) })),
    resetComment: wrapComment(
      `Sets ${plan.stateBytes > 0 ? 'the state to its initial value' : 'the step counter to 0 (this model has no state)'}. An inference begun with ${name}_step() is given up.`,
      '',
      '/**',
    ),
    selftestComment: wrapComment(
      `Runs ${invocations === 1 ? 'one inference' : `${invocations} inferences`} on a pseudo-random input and compares with the results known at compile time. Overwrites inputs and outputs${plan.stateBytes > 0 ? ', resets the state' : ''}.`,
      '',
      '/**',
    ),
    stepComment: wrapComment(
      `One layer of an inference, for super-loops and watchdogs: ${macro}_MORE while layers remain, ${macro}_OK after the last.`,
      '',
      '/**',
    ),
    sharedArena: context.sharedArena,
    arenaBytes: plan.arenaBytes,
    stateBytes: plan.stateBytes,
    contextBytes: parts.sizes.contextBytes,
    contextAlignment: parts.sizes.contextAlignment,
    stepCount: plan.calls.length,
    stream: streamView(compilation),
  };
}

function streamView({ streamed }: Compilation): object | false {
  if (streamed === undefined) return false;
  const { hop, window, warmUpSteps } = streamed;
  return {
    hop,
    window,
    warmUpSteps,
    comment: 'A stream: rows of the input that an inference takes, and of the window that its outputs are of.',
  };
}

/** A macro's number; a negative one in brackets, so that `-KWS_..._ZERO_POINT` is what it looks like. */
function signed(x: number): string {
  return x < 0 ? `(${x})` : String(x);
}

/** `int8 1x490, real = (q + 3) * 0.1`. */
function portComment({ direction, label, dtype, shape, quantization }: PortView): string {
  const text = `${direction} "${label}": ${dtype} ${shape}`;
  if (quantization === undefined) return wrapComment(text, '');
  const { zeroPoint, scale } = quantization;
  const shifted = zeroPoint === 0 ? 'q' : zeroPoint < 0 ? `(q + ${-zeroPoint})` : `(q - ${zeroPoint})`;
  return wrapComment(`${text}, real = ${shifted} * ${scale}`, '');
}

/** The contract of an accessor. */
function accessorComment({ direction, label, shape }: PortView, sharedArena: boolean): string {
  const what =
    direction === 'input'
      ? 'to be written before each inference, which may overwrite it'
      : `valid after an inference until the next one, or until an input is written${sharedArena ? ', of this model or of another in the arena' : ''}`;
  return wrapComment(
    `${direction === 'input' ? 'Input' : 'Output'} "${label}", ${shape}: ${what}. model must not be NULL.`,
    '',
    '/**',
  );
}

function portMacros(port: PortView): string[] {
  const lines: [string, string | number, string][] = [
    ['SIZE', `${port.elements}u`, '/* elements */'],
    ['BYTES', `${port.bytes}u`, ''],
    ...port.dimensions.map((n, i): [string, string, string] => [`DIM_${i}`, `${n}u`, '']),
  ];
  if (port.quantization !== undefined) {
    lines.push(['SCALE', port.quantization.scale, ''], ['ZERO_POINT', signed(port.quantization.zeroPoint), '']);
  }
  if (port.offset !== undefined) lines.push(['OFFSET', `${port.offset}u`, `/* in the ${port.region} */`]);
  return lines.map(([suffix, value, comment]) => `${port.macro}_${suffix} ${value} ${comment}`.trimEnd());
}

export function sourceView(context: EmitContext, parts: ModelParts): object {
  const { compilation, name, macro } = context;
  const { calls, params, usesArena, usesState } = parts.calls;
  return {
    title: `${name}: the calls of the model, in order. Generated: do not edit.`,
    head: headLines(context, parts.sizes),
    name,
    macro,
    headers: [...new Set(compilation.plan.calls.map((call) => call.header))].sort(),
    sharedArena: context.sharedArena,
    stateBytes: compilation.plan.stateBytes,
    buffers: parts.buffers,
    params,
    calls,
    usesArena,
    usesState,
    usesMemory: usesArena || usesState,
    states: parts.states.map((state) => ({ ...state, fillByte: state.fillByte ?? false })),
    inputs: parts.inputs,
    outputs: parts.outputs.map((port) => ({ ...port, inFlash: port.region === 'flash' })),
    selftest: selftestView(name, parts),
  };
}

const FILLS: Readonly<Record<Exclude<FillKind, 'zero'>, { ctype: string; expression: string }>> = {
  s8: { ctype: 'int8_t', expression: '(int8_t)((int32_t)(seed >> 24) - 128)' },
  u8: { ctype: 'uint8_t', expression: '(uint8_t)(seed >> 24)' },
  bool: { ctype: 'uint8_t', expression: '(uint8_t)(seed >> 31)' },
  s16: { ctype: 'int16_t', expression: '(int16_t)((int32_t)(seed >> 16) - 32768)' },
  u16: { ctype: 'uint16_t', expression: '(uint16_t)(seed >> 16)' },
  f32: { ctype: 'float', expression: '(float)((int32_t)(seed >> 16) - 32768) * unit' },
};

/** The golden vector: how its inputs are made in C, and what is hashed. */
export function selftestView(name: string, { selftest, inputs, outputs, states }: ModelParts) {
  const kinds = [...new Set(selftest.inputs.map((input) => input.kind))].filter((kind) => kind !== 'zero');
  const fillOf = (port: PortView, index: number): string => {
    const input = selftest.inputs[index]!;
    const accessor = `${name}_input_${port.stem}(model)`;
    if (input.kind === 'zero') return wrapCall('    memset', [accessor, '0', `${port.macro}_BYTES`], '    ');
    const unit = input.kind === 'f32' ? [floatLiteral(input.step)] : [];
    return wrapCall(`    seed = fill_${input.kind}`, [accessor, `${port.macro}_SIZE`, ...unit, 'seed'], '    ');
  };
  return {
    seed: selftest.seed,
    hash: `0x${selftest.hash.toString(16).padStart(8, '0')}`,
    invocations: selftest.invocations,
    generates: kinds.length > 0,
    fills: kinds.map((kind) => ({ kind, ...FILLS[kind], extra: kind === 'f32' ? 'float unit, ' : '' })),
    inputs: inputs.map(fillOf),
    hashes: outputs.map((port) =>
      wrapCall('    hash = hash_bytes', [`${name}_output_${port.stem}(model)`, `${port.macro}_BYTES`, 'hash'], '    '),
    ),
    stateHashes: states.map(({ macro }) =>
      wrapCall('  hash = hash_bytes', [`&model->state[${macro}_OFFSET]`, `${macro}_BYTES`, 'hash'], '  '),
    ),
  };
}
