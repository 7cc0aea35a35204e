/** The model on a board: its memory, and running it. What the operations of the link mean (templates/board.c.hbs answers them). */
import { EXIT, fail } from '../../diagnostics/diagnostic.js';
import type { BoardLink, Operation } from './link.js';

/** Memories of the model on the board, and 64 bytes before and behind it. */
export const REGIONS = { arena: 0, state: 1, before: 2, after: 3 } as const;
export type BoardRegion = keyof typeof REGIONS;

export const BOARD_VERSION = 2;
/** Bytes of a request or an answer that the emitted program has room for. */
export const BOARD_PAYLOAD = 256;
/** What a WRITE has before its data: region and offset. */
const WRITE_HEAD = 5;

export class BoardDevice {
  private constructor(
    private readonly link: BoardLink,
    private readonly payload: number,
    private readonly workMs: number,
  ) {}

  /**
   * Greets the board and asks which program it has.
   * @param identity 16 bytes, of the program that is expected (identity.ts)
   * @param workMs how long a step, an inference or a reset of the model may take
   * @throws CompileError NC0708 without an answer, NC0709 when it is another program
   */
  static async greet(link: BoardLink, identity: Uint8Array, workMs: number): Promise<BoardDevice> {
    const answer = Buffer.from(await link.request('hello'));
    const version = answer.readUInt8(0);
    if (version !== BOARD_VERSION) other(`it speaks version ${version} of the protocol, this is ${BOARD_VERSION}`);
    const found = answer.subarray(1, 17);
    if (Buffer.compare(found, identity) !== 0) {
      other(`its C has the hash ${found.toString('hex')}, expected ${Buffer.from(identity).toString('hex')}`);
    }
    return new BoardDevice(link, answer.readUInt32LE(17), workMs);
  }

  /** `<model>_init`; returns its status. */
  reset(): Promise<number> {
    return this.status('reset');
  }

  /** `<model>_step`: the next call, or the one of this index. */
  step(index?: number): Promise<number> {
    const payload = Buffer.alloc(index === undefined ? 0 : 4);
    if (index !== undefined) payload.writeUInt32LE(index);
    return this.status('step', payload);
  }

  invoke(): Promise<number> {
    return this.status('invoke');
  }

  async write(region: BoardRegion, offset: number, data: Uint8Array): Promise<void> {
    const most = this.payload - WRITE_HEAD;
    for (let at = 0; at < data.length; at += most) {
      await this.link.request('write', Buffer.concat([place(region, offset + at), data.subarray(at, at + most)]));
    }
  }

  async read(region: BoardRegion, offset: number, bytes: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes; at += this.payload) {
      const count = Math.min(this.payload, bytes - at);
      parts.push(await this.link.request('read', place(region, offset + at, count)));
    }
    return Buffer.concat(parts);
  }

  async fill(region: BoardRegion, offset: number, bytes: number, value: number): Promise<void> {
    if (bytes > 0) await this.link.request('fill', Buffer.concat([place(region, offset, bytes), Buffer.of(value)]));
  }

  /** CRC-32 of the bytes. */
  async check(region: BoardRegion, offset: number, bytes: number): Promise<number> {
    return Buffer.from(await this.link.request('check', place(region, offset, bytes))).readUInt32LE(0);
  }

  private async status(operation: Operation, payload: Uint8Array = new Uint8Array()): Promise<number> {
    return Buffer.from(await this.link.request(operation, payload, this.workMs)).readInt32LE(0);
  }
}

function place(region: BoardRegion, offset: number, bytes?: number): Uint8Array {
  const head = Buffer.alloc(bytes === undefined ? WRITE_HEAD : WRITE_HEAD + 4);
  head.writeUInt8(REGIONS[region], 0);
  head.writeUInt32LE(offset, 1);
  if (bytes !== undefined) head.writeUInt32LE(bytes, WRITE_HEAD);
  return head;
}

function other(because: string): never {
  return fail(
    {
      code: 'NC0709',
      message: 'the board holds another program',
      because,
      help: 'run `nanoc build --board` with the same model and options, and flash what it makes',
    },
    EXIT.failed,
  );
}
