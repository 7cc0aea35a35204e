/** A serial line, and what of it a link needs. */
import { fail } from '../../diagnostics/diagnostic.js';

export interface Channel {
  readonly onData: (listener: (chunk: Uint8Array) => void) => void;
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** @throws CompileError NC0707 when the port cannot be opened */
export async function openSerial(path: string, baudRate: number): Promise<Channel> {
  // Loaded only for boards: it has code of its own for each system.
  const { SerialPort } = await import('serialport');
  const port = new SerialPort({ path, baudRate, autoOpen: false });
  const settled = (start: (done: (error: Error | null | undefined) => void) => void) =>
    new Promise<void>((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
  await settled((done) => port.open(done)).catch((error: Error) =>
    fail({
      code: 'NC0707',
      message: `the serial port "${path}" cannot be opened`,
      because: error.message,
      help: 'is the board plugged in, is the port free, and may you use it (on Linux: group dialout)?',
    }),
  );
  // A port that is pulled out: requests then go unanswered, which is what is reported.
  port.on('error', () => {});
  return {
    onData: (listener) => port.on('data', listener),
    write: (bytes) => settled((done) => port.write(Buffer.from(bytes), done)),
    close: () => (port.isOpen ? settled((done) => port.close(done)) : Promise.resolve()),
  };
}
