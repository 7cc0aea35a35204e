/** Runs the C of tokenizers and of the sampler on a target, case by case (test/c/text.c.hbs). */
import { emitHost } from '../../compiler/emit-host.js';
import { runtimeFiles } from '../../compiler/phases/6-emit/runtime-files.js';
import { tokenizerFiles } from '../../compiler/phases/6-emit/tokenizer.js';
import { simulatedProgram, worldView } from '../../compiler/simulate/harness.js';
import { runOnce } from '../../compiler/simulate/once.js';
import { simulatorFor } from '../../compiler/simulate/simulator.js';
import { loadTarget } from '../../compiler/targets.js';
import { textRuntime } from '../../compiler/text/runtime.js';
import type { Sampling } from '../../compiler/text/sampler.js';
import type { Tokenizer } from '../../compiler/text/tokenizer.js';

export type TextCase =
  | { readonly kind: 'encode'; readonly tokenizer: string; readonly text: Uint8Array; readonly capacity?: number }
  | { readonly kind: 'decode'; readonly tokenizer: string; readonly tokens: readonly number[] }
  | {
      readonly kind: 'sample';
      readonly how: Sampling;
      readonly seed: number;
      readonly logits: Float32Array;
      readonly draws: number;
    };

/** Tokens, or text; 'full' where there was no room. */
export type TextResult = readonly number[] | string | 'full';

const FULL = 0xffffffff;

export async function runTextCases(
  targetName: string,
  tokenizers: Readonly<Record<string, Tokenizer>>,
  cases: readonly TextCase[],
): Promise<TextResult[]> {
  const target = await loadTarget(targetName);
  const simulator = simulatorFor(target);
  const names = Object.keys(tokenizers);
  const host = emitHost();
  const program = simulatedProgram('../test/c/text.c.hbs', { names, ...worldView(target) });
  const files = [
    ...runtimeFiles(textRuntime, host),
    ...names.flatMap((name) => tokenizerFiles(name, tokenizers[name]!, host)),
    { path: 'main.c', content: program },
  ];
  const flags = { extraFlags: ['-Wpedantic', '-Werror'], sanitize: target.qemu === undefined };
  const response = await runOnce({ simulator, target, files, ...flags }, stimulusOf(names, cases), {
    timeoutMs: 120_000,
  });
  return readResults(cases, response);
}

function stimulusOf(names: readonly string[], cases: readonly TextCase[]): Uint8Array {
  const parts: Uint8Array[] = [words(cases.length)];
  for (const each of cases) {
    switch (each.kind) {
      case 'encode':
        parts.push(
          words(0, names.indexOf(each.tokenizer), each.capacity ?? 3 * each.text.length + 4, each.text.length),
        );
        parts.push(each.text);
        break;
      case 'decode':
        parts.push(words(1, names.indexOf(each.tokenizer), each.tokens.length), bytes(Uint16Array.from(each.tokens)));
        break;
      case 'sample': {
        const { temperature, topK, topP, repetitionPenalty } = each.how;
        parts.push(words(2), bytes(Float32Array.of(temperature)), words(topK));
        parts.push(bytes(Float32Array.of(topP, repetitionPenalty)), words(each.seed, each.logits.length, each.draws));
        parts.push(bytes(each.logits));
      }
    }
  }
  return Buffer.concat(parts);
}

function words(...list: number[]): Uint8Array {
  return bytes(Uint32Array.from(list));
}

function bytes(array: Uint16Array | Uint32Array | Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function readResults(cases: readonly TextCase[], response: Uint8Array): TextResult[] {
  const buffer = Buffer.from(response);
  let at = 0;
  const take = (count: number) => buffer.subarray(at, (at += count));
  const tokens = (count: number) => {
    const part = take(2 * count);
    return Array.from({ length: count }, (_, index) => part.readUInt16LE(2 * index));
  };
  const results = cases.map((each): TextResult => {
    if (each.kind === 'sample') return tokens(each.draws);
    const count = take(4).readUInt32LE();
    if (each.kind === 'decode') return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(take(count));
    return count === FULL ? 'full' : tokens(count);
  });
  if (at !== buffer.length) throw new Error('the response goes on behind the last case');
  return results;
}
