/** `<name>_text.h` and `.c`: the loop from a prompt to a text, round the model, its tokenizer and the sampler. */
import type { EmittedFile } from '../../compilation.js';
import type { TextPlan } from '../../text/language-model.js';
import type { EmitContext } from './context.js';
import { portView } from './ports.js';
import { render } from './templates.js';
import { tokenizerFiles } from './tokenizer.js';

export function textFiles(context: EmitContext): EmittedFile[] {
  const { text } = context.compilation;
  if (text === undefined) return [];
  const { host, name } = context;
  const view = textView(context, text);
  const loop = ['h', 'c'].map((kind) => ({
    path: `${name}_text.${kind}`,
    content: render(host, `text.${kind}`, view),
  }));
  return [...loop, ...tokenizerFiles(name, text.tokenizer, host)];
}

function textView(context: EmitContext, text: TextPlan): object {
  const port = (value: string | undefined) => {
    const found = [...context.inputs, ...context.outputs].find((each) => each.value.name === value);
    return found === undefined ? false : portView(context, found);
  };
  const { begin, start, stops } = text.tokenizer;
  const entries = textEntries(text);
  return {
    ...{ name: context.name, macro: context.macro, entries, promptBytes: Math.floor((entries - 4) / 3) },
    ...{
      context: text.context,
      stops,
      token: port(text.token),
      position: port(text.position),
      logits: port(text.logits),
    },
    start: begin === undefined && start !== undefined ? String(start) : false,
    fallback: begin === undefined && start === undefined && stops.length > 0 ? String(stops[0]) : false,
  };
}

/** Entries of the buffers in which a prompt becomes tokens: as many as the sampler's work memory holds, or the longest text. */
export function textEntries({ tokenizer, context }: TextPlan): number {
  return Math.max(tokenizer.pieces.length, context + 4);
}
