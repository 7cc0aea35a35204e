/** Which programs of others nanoc needs, and whether they are here. */
import { execa } from 'execa';
import type { Target } from '../ir/target.js';
import { labwiredInstall, labwiredPython } from '../simulate/labwired.js';
import { installCommand, toolPath } from '../toolchain/kit.js';

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
  /** What is run to see whether it is there. */
  readonly path: string;
  readonly install: string;
  /** A build goes on without it, and says what was not checked. */
  readonly optional: boolean;
  readonly neededBy: string[];
}

/** Looks for the compilers and simulators of these targets, each once. */
export async function findTools(targets: readonly Target[]): Promise<Tool[]> {
  const wanted = new Map<string, Wanted>();
  const want = (command: string, path: string, install: string, target: string, optional = false) => {
    const known = wanted.get(command);
    if (known === undefined) wanted.set(command, { command, path, install, optional, neededBy: [target] });
    else if (!known.neededBy.includes(target)) known.neededBy.push(target);
  };
  for (const { toolchain, qemu, name, espIdf } of targets) {
    const { compiler } = toolchain;
    want(compiler, toolPath(toolchain, compiler), installCommand(toolchain), name, espIdf !== undefined);
    if (qemu !== undefined) want(qemu.command, qemu.command, aptCommand(qemu.debianPackages), name);
  }
  const found = await Promise.all([...wanted.values()].map(probe));
  const cmake = await probe({
    ...{ command: 'cmake', path: 'cmake', install: aptCommand(['cmake']) },
    ...{ neededBy: [], optional: true },
  });
  const chips = targets.filter(({ labwired }) => labwired !== undefined).map(({ name }) => name);
  const labwired = chips.length === 0 ? [] : [await findLabwired(chips)];
  return [...found, cmake, ...labwired, await findOnnxRuntime()];
}

function aptCommand(packages: readonly string[]): string {
  return `sudo apt-get install ${packages.join(' ')}`;
}

async function probe({ command, path, install, neededBy, optional }: Wanted): Promise<Tool> {
  const run = await execa(path, ['--version'], { reject: false, stdin: 'ignore', timeout: 10_000 });
  const version = run.failed ? undefined : firstVersion(run.stdout);
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

/** The simulator of chips; their cores are simulated without it. */
async function findLabwired(neededBy: readonly string[]): Promise<Tool> {
  const ask = 'import importlib.metadata as m; print(m.version("labwired"))';
  const run = await execa(labwiredPython(), ['-c', ask], { reject: false, stdin: 'ignore', timeout: 10_000 });
  const version = run.failed ? {} : { version: run.stdout.trim() };
  return { name: 'labwired', neededBy, optional: true, install: labwiredInstall, ...version };
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
