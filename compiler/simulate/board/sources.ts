/** The C that a board runs besides the model: `nanoc build --board`. */
import type { Compilation, EmittedFile } from '../../compilation.js';
import { emitHost } from '../../emit-host.js';
import { render } from '../../phases/6-emit/templates.js';
import { BOARD_PAYLOAD, BOARD_VERSION } from './device.js';
import { boardIdentity } from './identity.js';

/** `<model>_board.h` and `<model>_board.c`. */
export async function boardFiles(compilation: Compilation): Promise<EmittedFile[]> {
  const { name, plan } = compilation;
  const identity = [...(await boardIdentity(compilation))].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  const view = {
    name,
    macro: name.toUpperCase(),
    version: BOARD_VERSION,
    payload: BOARD_PAYLOAD,
    identity: identity.join(', '),
    steps: plan.calls.length,
    ...{ arenaBytes: plan.arenaBytes, hasArena: plan.arenaBytes > 0 ? 1 : 0 },
    ...{ stateBytes: plan.stateBytes, hasState: plan.stateBytes > 0 ? 1 : 0 },
  };
  const host = emitHost();
  return (['h', 'c'] as const).map((end) => ({
    path: `${name}_board.${end}`,
    content: render(host, `board.${end}`, view),
  }));
}
