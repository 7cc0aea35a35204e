/** Flash and RAM by part, as far as they are known before the C compiler has run: for file heads and reports. */
import type { PackedConstant } from '../../ir/kernel-call.js';
import { contextAlignment, contextBytesOf, sharingContextBytesOf } from './buffers.js';
import type { ModelContext } from './context.js';
import { fastConstants } from './fast-constants.js';
import { structBytes } from './params.js';

export interface SizePart {
  readonly part: string;
  readonly bytes: number;
}

export interface Sizes {
  readonly flash: readonly SizePart[];
  readonly ram: readonly SizePart[];
  /** sizeof(<model>_t): all RAM of the model but the stack, a shared arena and constants that are copied into fast RAM. */
  readonly contextBytes: number;
  readonly contextAlignment: number;
}

const ROLES: readonly PackedConstant['role'][] = ['weights', 'bias', 'scale', 'table', 'parameters'];

/** To be called when all constants have been added to the context. Parameter structs are counted as on a 32-bit core. */
export function sizesOf(context: ModelContext): Sizes {
  const { plan } = context.compilation;
  const structs = plan.calls.flatMap((call) => call.arguments).filter((argument) => argument.kind === 'params');
  const parameters = structs.reduce((sum, argument) => sum + structBytes(argument.fields), 0);
  const flash = ROLES.map((role) => ({
    part: role,
    bytes: context.constants.bytes(role) + (role === 'parameters' ? parameters : 0),
  })).filter(({ bytes }) => bytes > 0);
  const { sharedArena } = context;
  const contextBytes = (sharedArena ? sharingContextBytesOf : contextBytesOf)(context.compilation);
  const ownArena = sharedArena ? 0 : plan.arenaBytes;
  const ram = [
    { part: 'arena', bytes: ownArena },
    { part: 'state', bytes: plan.stateBytes },
    { part: 'context', bytes: contextBytes - ownArena - plan.stateBytes },
    { part: 'constants', bytes: fastConstants(context).bytes },
  ].filter(({ bytes }) => bytes > 0);
  return { flash, ram, contextBytes, contextAlignment: contextAlignment(context.compilation) };
}

/** The two lists side by side as a table of text lines, with totals. */
export function sizesTable({ flash, ram }: Sizes): string[] {
  const total = (parts: readonly SizePart[]): SizePart => ({
    part: 'total',
    bytes: parts.reduce((sum, p) => sum + p.bytes, 0),
  });
  const left = [...flash, total(flash)];
  const right = [...ram, total(ram)];
  const rows = Math.max(left.length, right.length);
  const cell = (part: SizePart | undefined): string =>
    part === undefined ? ' '.repeat(22) : `${part.part.padEnd(12)}${String(part.bytes).padStart(10)}`;
  const lines = ['flash, less code   bytes      RAM, less stack    bytes'];
  for (let row = 0; row < rows; row += 1) lines.push(`  ${cell(left[row])}       ${cell(right[row])}`.trimEnd());
  return lines;
}
