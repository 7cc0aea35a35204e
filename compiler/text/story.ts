/** A text as the generated C writes it, by the reference: which tokens a prompt becomes, and what is chosen from logits. */
import { fail } from '../diagnostics/diagnostic.js';
import { encode } from './encode.js';
import type { TextPlan } from './language-model.js';

/** Tokens of the prompt, with what generation begins with. @throws CompileError NC0737 when there is none, or no room */
export function promptTokens({ tokenizer, context }: TextPlan, prompt: Uint8Array): number[] {
  const { begin, start, stops } = tokenizer;
  const first = begin === undefined && start !== undefined ? [start] : [];
  const tokens = [...first, ...encode(tokenizer, prompt)];
  if (tokens.length === 0 && stops[0] !== undefined) return [stops[0]];
  const refuse = (because: string) => fail({ code: 'NC0737', message: 'the text does not fit the model', because });
  if (tokens.length === 0) return refuse('it is empty, and the tokenizer has no token to begin with');
  if (tokens.length > context) return refuse(`it has ${tokens.length} tokens, the model has ${context} positions`);
  return tokens;
}
