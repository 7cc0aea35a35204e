import type { Compilation } from '../../compilation.js';
import { streamText } from '../../stream/options.js';

/** The command that makes these files again, without paths: `nanoc build kws.onnx --target cortex-m4`. */
export function commandText({ source, options, bands }: Compilation): string {
  const words = ['nanoc', 'build', source.fileName, '--target', options.target];
  if (options.name !== undefined) words.push('--name', options.name);
  for (const [dim, size] of Object.entries(options.dims ?? {})) words.push('--dim', `${dim}=${size}`);
  for (const state of options.states ?? []) words.push('--state', state);
  if (options.stream !== undefined) words.push('--stream', streamText(options.stream));
  if (options.tokenizer !== undefined) words.push('--tokenizer', options.tokenizer.fileName);
  if (options.image !== undefined) words.push('--image', options.image.fileName);
  if (options.audio !== undefined) words.push('--audio', options.audio.fileName);
  for (const embedding of options.embeddings ?? []) words.push('--embedding', embedding);
  if (options.kvCache !== undefined) words.push('--kv-cache', options.kvCache);
  if (options.kernels !== undefined && options.kernels !== 'auto') words.push('--kernels', options.kernels);
  if (options.optimize !== undefined) words.push('--optimize', options.optimize);
  if (bands !== undefined) words.push('--ram', String(bands.budget));
  if (options.fastRam !== undefined) words.push('--fast-ram', String(options.fastRam));
  // What a proof has found wrong is found there again.
  if ((options.excluded ?? []).length > 0) words.push('--prove', 'vendor');
  return words.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
