/** Which programs of others nanoc needs, and whether they are here. */
import { execa } from 'execa';
import type { Target } from '../ir/target.js';

export interface Tool {
  readonly name: string;
  /** Version as the program tells it; absent when it is missing or does not run. */
  readonly version?: string;
  /** Targets that need it. */
  readonly neededBy: readonly string[];
  /** Nothing fails without it. */
  readonly optional: boolean;
  /** How to get it. */
  readonly install: string;
}

interface Wanted {
  readonly command: string;
  readonly packages: readonly string[];
  readonly neededBy: string[];
}

/** Looks for the compilers and simulators of these targets, each once. */
export async function findTools(targets: readonly Target[]): Promise<Tool[]> {
  const wanted = new Map<string, Wanted>();
  const want = (command: string, packages: readonly string[], target: string) => {
    const known = wanted.get(command);
    if (known === undefined) wanted.set(command, { command, packages, neededBy: [target] });
    else if (!known.neededBy.includes(target)) known.neededBy.push(target);
  };
  for (const target of targets) {
    want(target.toolchain.compiler, target.toolchain.debianPackages, target.name);
    if (target.qemu !== undefined) want(target.qemu.command, target.qemu.debianPackages, target.name);
  }
  const found = await Promise.all(
    [...wanted.values()].map(({ command, packages, neededBy }) => probe(command, packages, neededBy, false)),
  );
  const cmake = await probe('cmake', ['cmake'], [], true);
  return [...found, cmake, await findOnnxRuntime()];
}

async function probe(
  command: string,
  packages: readonly string[],
  neededBy: readonly string[],
  optional: boolean,
): Promise<Tool> {
  const run = await execa(command, ['--version'], { reject: false, stdin: 'ignore', timeout: 10_000 });
  const version = run.failed ? undefined : firstVersion(run.stdout);
  const install = `sudo apt-get install ${packages.join(' ')}`;
  return {
    name: command,
    neededBy,
    optional,
    install,
    ...(run.failed ? {} : { version: version ?? 'unknown version' }),
  };
}

/** `arm-none-eabi-gcc (15:12.2.rel1-1) 12.2.1 20221205` is 12.2.1. */
function firstVersion(text: string): string | undefined {
  const [line = ''] = text.split('\n');
  return (/\d+\.\d+\.\d+/.exec(line) ?? /\d+\.\d+/.exec(line))?.[0];
}

/** The oracle of `nanoc verify`; by name only, so that its native code is not loaded here. */
async function findOnnxRuntime(): Promise<Tool> {
  const common = { name: 'onnxruntime-node', neededBy: [], optional: true, install: 'npm install onnxruntime-node' };
  try {
    const { createRequire } = await import('node:module');
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
    return { ...common, version };
  } catch {
    return common;
  }
}
