/** View of `<model>_weights.h` and `<model>_weights.c`. */
import type { EmittedConstant } from './constants.js';
import type { EmitContext } from './context.js';
import { commentText, elementLiterals, wrap, wrapComment } from './literals.js';

export function weightsView(context: EmitContext): object {
  const { compilation, constants, host, name, macro } = context;
  return {
    name,
    macro,
    version: host.version,
    fileName: commentText(compilation.source.fileName),
    bytes: constants.list.reduce((sum, constant) => sum + constant.data.byteLength, 0),
    constants: constants.list.map(constantView),
  };
}

function constantView({ symbol, ctype, data, alignment, users }: EmittedConstant): object {
  const shown = users
    .slice(0, 3)
    .map((user) => `"${user}"`)
    .join(', ');
  const more = users.length > 3 ? ` and ${users.length - 3} more` : '';
  return {
    symbol,
    ctype,
    // C has no arrays of length 0.
    length: Math.max(1, data.length),
    aligned: alignment > data.BYTES_PER_ELEMENT ? `NANOC_ALIGNED(${alignment}) ` : '',
    comment: wrapComment(`${shown}${more}, ${data.byteLength} bytes`, ''),
    elements: data.length === 0 ? '  0' : wrap(elementLiterals(data), '  '),
  };
}
