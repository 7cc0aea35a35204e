import { existsSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EXIT, fail } from '../../diagnostics/diagnostic.js';
import { streamText } from '../../stream/options.js';
import { loadTarget } from '../../targets.js';
import { defineCommand } from '../command.js';
import type { Config } from '../config.js';
import { readModelFile } from '../model-file.js';
import { type BudgetFlags, CONFIG_FILE, type CompileFlags, declareBudgets, declareCompile } from '../options.js';
import { asDiagnostic } from '../output-folder.js';
import { printJson, say } from '../session.js';

export const init = defineCommand<CompileFlags & BudgetFlags & { force?: boolean }>({
  name: 'init',
  description: 'write a nanoc.json beside a model, with the options that are given here',
  examples: ['nanoc init kws.onnx --target cortex-m4 --max-ram 16K'],
  declare: (command) => {
    command.argument('<model>', 'ONNX file').option('--force', 'replace a nanoc.json that is there');
    declareCompile(command);
    declareBudgets(command);
  },
  run: async (session, flags, [model]) => {
    const path = resolve(session.terminal.cwd, model!);
    readModelFile(path);
    const targets = flags.target ?? ['cortex-m4'];
    for (const name of targets) await loadTarget(name);
    const file = join(dirname(path), CONFIG_FILE);
    if (existsSync(file) && flags.force !== true) {
      fail({ code: 'NC0503', message: `${file} exists already`, help: 'edit it, or give --force to replace it' });
    }
    const config = describe(basename(path), targets, flags);
    await asDiagnostic(file, async () => writeFileSync(file, `${JSON.stringify(config, undefined, 2)}\n`));
    if (session.json) await printJson(session, 'init', { ok: true, file, config });
    else say(session, `wrote ${file}; \`nanoc build\` in that folder uses it\n`);
    return EXIT.good;
  },
});

/** Keys in the order in which a reader wants them; budgets that were not given are left out. */
function describe(model: string, targets: readonly string[], flags: CompileFlags & BudgetFlags): Config {
  const { name, kernels, optimize, fastRam, maxRam, maxFlash, maxStack, maxInstructions } = flags;
  const all = {
    model,
    name,
    target: targets.length === 1 ? targets[0] : [...targets],
    dims: flags.dim,
    states: flags.state,
    stream: flags.stream === undefined ? undefined : streamText(flags.stream),
    embeddings: flags.embedding,
    kvCache: flags.kvCache,
    ...{ kernels, optimize, fastRam, maxRam, maxFlash, maxStack, maxInstructions },
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as Config;
}
