/**
 * Requests to a board and their answers, over a line that may lose and damage bytes.
 *
 * Body of a frame: operation, sequence number (a byte each), session (u32), payload; all words little-endian. A board answers with the operation
 * and bit 7, and the same sequence number. A request that is not answered goes out again under its number: the board sends its last
 * answer again, and runs nothing twice. The session is the computer's greeting: a board that was reset does not know it.
 */
import { randomInt } from 'node:crypto';
import { EXIT, fail } from '../../diagnostics/diagnostic.js';
import type { Channel } from './channel.js';
import { encodeFrame, FrameDecoder } from './slip.js';

export const OPERATIONS = {
  ...{ hello: 1, reset: 2, write: 3, read: 4 },
  ...{ fill: 5, check: 6, step: 7, invoke: 8 },
} as const;
export type Operation = keyof typeof OPERATIONS;

const ANSWER = 0x80;
const WORKING = 0x40;
const REFUSED = 0xff;
const OTHER_SESSION = 1;
const BAD_FRAME = 4;
const HEAD = 6;

export interface LinkOptions {
  /** Within which a request is answered, or said to be worked on. */
  readonly answerMs: number;
  /** How often a request goes out before the link is given up. */
  readonly attempts: number;
  readonly signal?: AbortSignal;
}

/** What the board said to a request. */
type Reply =
  | { readonly kind: 'answer'; readonly payload: Uint8Array }
  | { readonly kind: 'working' | 'other-session' | 'damaged' }
  | { readonly kind: 'refused'; readonly reason: number };

export class BoardLink {
  private sequence = randomInt(256);
  private session = randomInt(1, 0xffffffff);
  private onReply: (reply: Reply) => void = () => {};
  private expected: { readonly operation: number; readonly sequence: number } | undefined;
  private damagedHere = 0;
  private damagedThere = 0;

  constructor(
    private readonly channel: Channel,
    private readonly options: LinkOptions,
  ) {
    const decoder = new FrameDecoder({
      onFrame: (body) => this.frame(Buffer.from(body)),
      onGarbage: () => {
        this.damagedHere += 1;
      },
    });
    channel.onData((chunk) => decoder.push(chunk));
  }

  /**
   * @param workMs for requests that run something: how long that may take
   * @returns the payload of the answer
   * @throws CompileError NC0702 when what it runs does not end, NC0708 when there is no answer or the board was reset
   */
  async request(operation: Operation, payload: Uint8Array = new Uint8Array(), workMs = 0): Promise<Uint8Array> {
    this.sequence = (this.sequence + 1) % 256;
    if (operation === 'hello') this.session = randomInt(1, 0xffffffff);
    this.expected = { operation: OPERATIONS[operation], sequence: this.sequence };
    const frame = encodeFrame(this.body(OPERATIONS[operation], payload));
    const damaged = this.damagedHere + this.damagedThere;
    let end = Number.POSITIVE_INFINITY;
    let attempts = 0;
    // While the board works, a request that is sent again asks whether its answer was lost.
    while (attempts < this.options.attempts || end < Number.POSITIVE_INFINITY) {
      if (performance.now() > end) return this.neverEnded(workMs);
      const replied = this.next();
      await this.channel.write(frame);
      attempts += 1;
      let reply = await replied;
      while (reply?.kind === 'working') {
        if (end === Number.POSITIVE_INFINITY) end = performance.now() + workMs;
        reply = await this.next();
      }
      if (reply?.kind === 'answer') return reply.payload;
      if (reply?.kind === 'other-session') return this.wasReset();
      if (reply?.kind === 'refused') throw new Error(`invariant: the board refuses "${operation}" (${reply.reason})`);
    }
    return this.noAnswer(this.damagedHere + this.damagedThere - damaged);
  }

  private body(operation: number, payload: Uint8Array): Uint8Array {
    const body = Buffer.alloc(HEAD + payload.length);
    body.writeUInt8(operation, 0);
    body.writeUInt8(this.sequence, 1);
    body.writeUInt32LE(this.session, 2);
    body.set(payload, HEAD);
    return body;
  }

  private frame(body: Buffer): void {
    if (body.length < HEAD || this.expected === undefined) return;
    const { operation, sequence } = this.expected;
    const got = body.readUInt8(0);
    const payload = Uint8Array.from(body.subarray(HEAD));
    if (got === REFUSED && payload[0] === BAD_FRAME) {
      this.damagedThere += 1;
      this.onReply({ kind: 'damaged' });
      return;
    }
    if (body.readUInt8(1) !== sequence) return;
    if (got === REFUSED) {
      const reason = payload[0] ?? 0;
      this.onReply(reason === OTHER_SESSION ? { kind: 'other-session' } : { kind: 'refused', reason });
      return;
    }
    if (body.readUInt32LE(2) !== this.session) return;
    if (got === WORKING) this.onReply({ kind: 'working' });
    else if (got === (operation | ANSWER)) this.onReply({ kind: 'answer', payload });
  }

  /** The next reply, or undefined when there is none in time. */
  private next(): Promise<Reply | undefined> {
    const { signal, answerMs } = this.options;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const settle = (act: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        this.onReply = () => {};
        act();
      };
      const timer = setTimeout(() => settle(() => resolve(undefined)), answerMs);
      const aborted = () => settle(() => reject(signal!.reason));
      signal?.addEventListener('abort', aborted);
      this.onReply = (reply) => settle(() => resolve(reply));
    });
  }

  private neverEnded(workMs: number): never {
    return fail({ code: 'NC0702', message: `the program did not end within ${workMs} ms` }, EXIT.failed);
  }

  private wasReset(): never {
    const help = 'a watchdog, the power supply, or a fault in what was running: the board starts anew';
    return fail({ code: 'NC0708', message: 'the board was reset in the middle of the run', help }, EXIT.failed);
  }

  private noAnswer(damaged: number): never {
    const { attempts, answerMs } = this.options;
    const tries = `${attempts} tries of ${answerMs} ms`;
    if (damaged > 0) {
      const because = `${tries}; ${damaged} frames came with a wrong checksum (${this.damagedThere} of them noticed by the board)`;
      const help = 'is --baud what the board uses? does something else print on that line? is ground connected?';
      return fail({ code: 'NC0708', message: 'the answers of the board are damaged', because, help }, EXIT.failed);
    }
    const help =
      'is the program flashed that `nanoc build --board` made, and does it call <model>_board_serve()? is --baud right?';
    return fail({ code: 'NC0708', message: 'the board does not answer', because: tries, help }, EXIT.failed);
  }
}
