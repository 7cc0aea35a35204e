/** Flash and RAM of a firmware that makes text: model, tokenizer, sampler and the loop round them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Compilation } from '../compilation.js';
import { INCLUDE_DIRECTORIES, modelSources, withFolder } from '../simulate/program.js';
import { linkedLibraries } from '../vendor/linked.js';
import { buildFirmware } from './build.js';
import { programSizes, readElf } from './elf.js';

/** In bytes, less those of an empty program; undefined for the host, which is no firmware. @throws CompileError NC06xx */
export async function textSizes(
  compilation: Compilation,
  signal?: AbortSignal,
): Promise<{ flash: number; ram: number } | undefined> {
  const { target, name } = compilation;
  if (target.qemu === undefined) return undefined;
  const common = { target, includeDirectories: INCLUDE_DIRECTORIES, ...(signal === undefined ? {} : { signal }) };
  return withFolder(undefined, async (directory) => {
    const main = { path: 'main.c', content: tellingMain(name) };
    const files = [...(await modelSources(compilation, undefined)), main];
    const libraries = linkedLibraries(compilation);
    const whole = await buildFirmware({ ...common, files, libraries, directory: join(directory, 'text') });
    const empty = [{ path: 'main.c', content: 'int main(void) {\n  return 0;\n}\n' }];
    const none = await buildFirmware({ ...common, files: empty, directory: join(directory, 'empty') });
    const [one, other] = [await sizesOf(whole.program), await sizesOf(none.program)];
    return { flash: one.flash - other.flash, ram: one.ram - other.ram };
  });
}

async function sizesOf(program: string): Promise<{ flash: number; ram: number }> {
  return programSizes(readElf(await readFile(program)));
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
