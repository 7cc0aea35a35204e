/** A program on a board, behind the same interface as those in a simulator: what a stimulus asks is done over the serial line. */
import type { Compilation } from '../../compilation.js';
import { CompileError, EXIT, fail } from '../../diagnostics/diagnostic.js';
import { totalMacs } from '../../ir/kernel-call.js';
import { bytesOf } from '../../ir/tensor.js';
import { type MemoryLayout, memoryLayout, type StepLayout } from '../memory-layout.js';
import type { DeviceProgram, ProgramOptions } from '../program.js';
import type { Response, StepRecord, Stimulus, VectorRecord } from '../protocol.js';
import type { Vector } from '../run-result.js';
import { type BoardChoice, boardAbout } from '../simulator.js';
import { mostInstructions } from '../time-limit.js';
import { openSerial } from './channel.js';
import { BOARD_PAYLOAD, BoardDevice } from './device.js';
import { boardIdentity } from './identity.js';
import { BoardLink } from './link.js';
import { KnownMemory } from './memory.js';

/** For what a board does at once, besides the time on the line. */
const ANSWER_MS = 250;
/** Bits of the longest request with its answer, every byte of it escaped. */
const LONGEST_BITS = 10 * 2 * (BOARD_PAYLOAD + 32);
/** Four seconds and more: a board that opening the port has reset takes a while to start. */
const ATTEMPTS = 16;
/** Status of a step after which others follow; 0 is the good end. */
export const MORE = 1;

/** A board that was greeted and has the compilation's program. */
export interface OpenBoard {
  readonly compilation: Compilation;
  readonly layout: MemoryLayout;
  readonly device: BoardDevice;
}

/** As `withOpenBoard`, for vectors of the whole model. */
export function withBoard<T>(
  compilation: Compilation,
  choice: BoardChoice,
  options: ProgramOptions,
  action: (program: DeviceProgram) => Promise<T>,
): Promise<T> {
  return withOpenBoard(compilation, choice, options, ({ layout, device }) => {
    const respond = (stimulus: Stimulus) => new BoardRun(compilation, layout, device).respond(stimulus);
    return action({ compilation, layout, simulator: boardAbout(choice), respond });
  });
}

/**
 * Opens the port, greets the board, runs `action`, and closes the port.
 * @throws CompileError NC0707 (port), NC0708 (no answer, reset), NC0709 (another program), NC0702 (hang)
 */
export async function withOpenBoard<T>(
  compilation: Compilation,
  choice: BoardChoice,
  options: Pick<ProgramOptions, 'signal' | 'timeoutMs'>,
  action: (board: OpenBoard) => Promise<T>,
): Promise<T> {
  const layout = memoryLayout(compilation);
  const channel = await openSerial(choice.port, choice.baud);
  try {
    const answerMs = Math.ceil(ANSWER_MS + (1000 * LONGEST_BITS) / choice.baud);
    const limits = { answerMs, attempts: ATTEMPTS };
    const link = new BoardLink(channel, { ...limits, ...(options.signal && { signal: options.signal }) });
    const workMs = options.timeoutMs ?? defaultWork(compilation, boardAbout(choice).slowest);
    const device = await BoardDevice.greet(link, await boardIdentity(compilation), workMs);
    return await action({ compilation, layout, device });
  } finally {
    await channel.close();
  }
}

/** Ten seconds, and what no inference exceeds. */
function defaultWork({ plan }: Compilation, slowest: number): number {
  return 10_000 + (1000 * mostInstructions(totalMacs(plan.calls))) / slowest;
}

class BoardRun {
  private readonly memory: KnownMemory;
  /** What is running, for messages. */
  private where = 'before the first vector';

  constructor(
    private readonly compilation: Compilation,
    private readonly layout: MemoryLayout,
    private readonly device: BoardDevice,
  ) {
    this.memory = new KnownMemory(device, { arena: layout.arenaBytes, state: layout.stateBytes });
  }

  async respond(stimulus: Stimulus): Promise<Response> {
    if (stimulus.mode === 'stack') throw new Error('the stack is not measured on boards');
    try {
      return await this.run(stimulus);
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      throw new CompileError([{ ...error.diagnostics[0]!, node: this.where }], error.exitCode);
    }
  }

  private async run(stimulus: Stimulus): Promise<Response> {
    const { arenaBytes, stateBytes } = this.layout;
    this.check(await this.device.reset(), 0, '_init');
    if (stimulus.state !== undefined && stateBytes > 0) {
      await this.memory.write({ region: 'state', offset: 0 }, stimulus.state);
    }
    const vectors: VectorRecord[] = [];
    for (const [index, vector] of stimulus.vectors.entries()) {
      this.where = `vector ${index + 1}`;
      if (stimulus.mode === 'verify') {
        await this.memory.protect();
        await this.memory.fill({ region: 'arena', offset: 0, bytes: arenaBytes }, stimulus.poison ?? 0);
      }
      await this.write(vector);
      const steps = stimulus.mode === 'run' ? await this.invoke() : await this.steps(stimulus, index);
      const outputs: Uint8Array[] = [];
      for (const { span } of this.layout.outputs) outputs.push(await this.memory.read(span));
      vectors.push({ steps, outputs });
    }
    const state = await this.memory.read({ region: 'state', offset: 0, bytes: stateBytes });
    return { vectors, state };
  }

  private async write(vector: Vector): Promise<void> {
    for (const { name, span } of this.layout.inputs) {
      const tensor = vector.get(name);
      if (tensor === undefined) throw new Error(`no tensor for input "${name}"`);
      await this.memory.write(span, bytesOf(tensor.data));
    }
  }

  private async invoke(): Promise<StepRecord[]> {
    this.check(await this.device.invoke(), 0, '_invoke');
    return [];
  }

  private async steps(stimulus: Stimulus, vector: number): Promise<StepRecord[]> {
    const { steps } = this.layout;
    const records: StepRecord[] = [];
    for (const [index, step] of steps.entries()) {
      const { node, function: kernel } = step.call;
      this.where = `"${node.name}" (${node.op}, ${kernel}), step ${index + 1} of ${steps.length}, vector ${vector + 1}`;
      const expected = index + 1 < steps.length ? MORE : 0;
      if (stimulus.mode === 'verify') records.push(await this.verified(step, stimulus.poison ?? 0, expected));
      else {
        this.check(await this.device.step(), expected, '_step');
        records.push({ ticks: 0, sent: [] });
      }
    }
    return records;
  }

  private async verified(step: StepLayout, poison: number, expected: number): Promise<StepRecord> {
    for (const span of step.dead) await this.memory.fill(span, poison);
    await this.memory.ensure(step.kept);
    this.check(await this.device.step(), expected, '_step');
    this.memory.forget(step.own);
    const damage = await this.memory.damage(step.kept);
    const sent: Uint8Array[] = [];
    for (const span of step.sent) sent.push(await this.memory.read(span));
    return { ticks: 0, sent, ...(damage === undefined ? {} : { damage }) };
  }

  private check(status: number, expected: number, what: string): void {
    if (status === expected) return;
    const message = `${this.compilation.name}${what} returned ${status}, expected ${expected}`;
    fail({ code: 'NC0703', message }, EXIT.failed);
  }
}
