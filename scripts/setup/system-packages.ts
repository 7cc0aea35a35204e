/**
 * `system-packages.ts demo|test`: installs by apt what is missing for the demo or the tests, and nothing else.
 * Exit code 0 when everything is there, 3 when something is missing that cannot be installed here.
 */
import { spawnSync } from 'node:child_process';
import { type Purpose, type Tool, toolsFor } from './tools.js';

interface Lack {
  readonly tool: Tool;
  readonly problem: string;
}

const tools = await toolsFor(process.argv[2] as Purpose);
process.exitCode = installMissing(tools) ? 0 : 3;

function installMissing(needed: readonly Tool[]): boolean {
  const lacks = findLacks(needed);
  if (lacks.length === 0) return true;
  for (const { tool, problem } of lacks) console.log(`Missing: ${problem} (${tool.use})`);
  const packages = [...new Set(lacks.flatMap(({ tool }) => tool.packages))];
  const prefix = rootPrefix();
  if (prefix === undefined) {
    console.error(adviceFor(packages));
    runScripts(lacks);
    return withoutOptional(findLacks(needed));
  }
  const worked =
    apt(prefix, ['update', '-qq']) && apt(prefix, ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
  runScripts(lacks);
  const left = findLacks(needed);
  for (const { problem } of left) console.error(`Still missing: ${problem}`);
  if (!worked || left.length > 0) console.error(adviceFor(packages));
  return withoutOptional(left);
}

/** What a script makes of packages, after they are there; whether that worked shows when it is looked for again. */
function runScripts(lacks: readonly Lack[]): void {
  for (const script of new Set(lacks.flatMap(({ tool }) => tool.script ?? []))) {
    console.log(`$ bash ${script}`);
    spawnSync('bash', [script], { stdio: 'inherit' });
  }
}

/** Whether nothing is missing but what tests can be skipped for; says what is skipped. */
function withoutOptional(lacks: readonly Lack[]): boolean {
  for (const { tool, problem } of lacks.filter(({ tool }) => tool.optional === true))
    console.error(`Skipped: tests that need the ${tool.use}; ${problem}`);
  return lacks.every(({ tool }) => tool.optional === true);
}

function findLacks(needed: readonly Tool[]): Lack[] {
  return needed.flatMap((tool) => {
    const problem = tool.missing();
    return problem === undefined ? [] : [{ tool, problem }];
  });
}

/** What to put before `apt-get` to be root; undefined where apt-get cannot be used. */
function rootPrefix(): string[] | undefined {
  const has = (command: string) => spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
  if (!has('apt-get')) return undefined;
  if (process.getuid?.() === 0) return [];
  return has('sudo') ? ['sudo'] : undefined;
}

function apt(prefix: readonly string[], args: readonly string[]): boolean {
  const words = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'Acquire::Retries=3', ...args];
  console.log(`$ ${words.join(' ')}`);
  return spawnSync(words[0]!, words.slice(1), { stdio: ['inherit', 'inherit', 'inherit'] }).status === 0;
}

function adviceFor(packages: readonly string[]): string {
  return [
    'nanoc cannot install these by itself here.',
    `  Debian, Ubuntu: sudo apt-get install ${packages.join(' ')}`,
    '  macOS:          brew install --cask gcc-arm-embedded; brew install qemu llvm cppcheck cmake',
    '  Fedora:         sudo dnf install arm-none-eabi-gcc-cs arm-none-eabi-newlib qemu-system-arm gcc-c++ clang cppcheck cmake make',
    'then run the same command again.',
  ].join('\n');
}
