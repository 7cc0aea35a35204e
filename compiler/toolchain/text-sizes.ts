/** Flash and RAM of a firmware that makes text: model, tokenizer, sampler and the loop round them. */
import type { Compilation } from '../compilation.js';
import { modelSources } from '../simulate/program.js';
import { linkedLibraries } from '../vendor/linked.js';
import { firmwareSizes } from './firmware-sizes.js';

/** In bytes, less those of an empty program; undefined for the host, which is no firmware. @throws CompileError NC06xx */
export async function textSizes(
  compilation: Compilation,
  signal?: AbortSignal,
): Promise<{ flash: number; ram: number } | undefined> {
  const main = { path: 'main.c', content: tellingMain(compilation.name) };
  return firmwareSizes({
    target: compilation.target,
    files: [...(await modelSources(compilation, undefined)), main],
    libraries: linkedLibraries(compilation),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Nothing of it is known to the compiler, so that it leaves nothing out. */
function tellingMain(name: string): string {
  return [
    `#include "${name}_text.h"`,
    '',
    `static ${name}_t model;`,
    `static ${name}_text_t text;`,
    'static volatile nanoc_sampling sampling;',
    'static volatile uint8_t latest;',
    '',
    'int main(void) {',
    '  const nanoc_sampling how = sampling;',
    '  const uint8_t prompt = latest;',
    `  (void)${name}_init(&model);`,
    `  int status = (int)${name}_text_begin(&text, &model, &prompt, 1u, &how, how.top_k);`,
    '  while (status > 0) {',
    `    status = (int)${name}_text_next(&text);`,
    '    for (uint32_t i = 0u; i < text.bytes; i++) {',
    '      latest = text.text[i];',
    '    }',
    '  }',
    '  return status;',
    '}',
    '',
  ].join('\n');
}
