/**
 * Compiled models on the host, under AddressSanitizer and UndefinedBehaviorSanitizer, many in one program: each is run step
 * by step, and every value that a step writes is compared with the reference evaluator.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { Compilation, EmittedFile } from '../../compiler/compilation.js';
import { emitLibrary } from '../../compiler/index.js';
import { type Graph, valueOf } from '../../compiler/ir/graph.js';
import type { KernelCall } from '../../compiler/ir/kernel-call.js';
import { byteLength, bytesOf, fromBytes, type Tensor } from '../../compiler/ir/tensor.js';
import { evaluateGraph } from '../../compiler/reference/evaluate.js';
import { applySource } from '../../compiler/reference/source.js';

export interface DeviceCase {
  readonly compilation: Compilation;
  readonly vectors: readonly ReadonlyMap<string, Tensor>[];
}

const FLAGS = [
  ...['-std=c99', '-O0', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-ffp-contract=off'],
  ...['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wpedantic', '-Werror'],
];

/**
 * Builds and runs all cases in one program.
 * @param flags further flags of the C compiler, such as -DNANOC_FPU=0
 * @returns what differed, case by case; undefined where every byte of every layer was right
 * @throws Error with the C compiler's or the sanitizers' text
 */
export async function runOnHost(
  cases: readonly DeviceCase[],
  flags: readonly string[] = [],
): Promise<(string | undefined)[]> {
  const folder = await mkdtemp(join(tmpdir(), 'nanoc-fuzz-'));
  try {
    const kernels = new Set<string>();
    for (const { compilation } of cases) {
      for (const file of await emitLibrary(compilation)) {
        if (!isModelSource(file, compilation.name)) continue;
        await mkdir(dirname(join(folder, file.path)), { recursive: true });
        await writeFile(join(folder, file.path), file.content);
        if (file.path.startsWith('runtime/') && file.path.endsWith('.c')) kernels.add(file.path);
      }
    }
    const models = await Promise.all(cases.map((item) => writeModel(folder, item)));
    await writeFile(join(folder, 'main.c'), program(cases));
    const all = [...FLAGS, ...flags];
    const shared = await compileKernels(folder, [...kernels], all);
    const own = await inParallel([...models, 'main.c'], (source) => compileTo(folder, source, `${source}.o`, all));
    await execa('cc', [...all, ...shared, ...own, '-o', 'main'], { cwd: folder });
    const { stdout } = await execa('./main', [], { cwd: folder, encoding: 'buffer', maxBuffer: 1 << 30 });
    return compare(cases, stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The kernels and the model itself; not the firmware's main, startup code or reports. */
function isModelSource(file: EmittedFile, name: string): boolean {
  if (file.path.startsWith('runtime/')) return true;
  return !file.path.includes('/') && file.path.startsWith(name) && /\.[ch]$/.test(file.path);
}

/** Compilers at work at the same time. */
const JOBS = 2;

async function inParallel<T, R>(list: readonly T[], action: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < list.length) {
      const index = next++;
      results[index] = await action(list[index]!);
    }
  };
  await Promise.all(Array.from({ length: JOBS }, worker));
  return results;
}

async function compileTo(folder: string, source: string, object: string, flags: readonly string[]): Promise<string> {
  await execa('cc', [...flags, '-I', '.', '-I', 'runtime/include', '-c', source, '-o', object], { cwd: folder });
  return object;
}

/** Objects of kernels are kept between programs, named by the hash of what went into them. */
async function compileKernels(folder: string, sources: readonly string[], flags: readonly string[]): Promise<string[]> {
  const cache = join(tmpdir(), 'nanoc-fuzz-objects');
  await mkdir(cache, { recursive: true });
  const headers = await sharedHeaders(folder);
  return inParallel(sources, async (source) => {
    const text = await readFile(join(folder, source), 'utf8');
    const hash = createHash('sha256').update(headers).update(flags.join(' ')).update(text).update(source);
    const object = join(cache, `${hash.digest('hex').slice(0, 32)}.o`);
    if (existsSync(object)) return object;
    const temporary = `${object}.${process.pid}`;
    await compileTo(folder, source, temporary, flags);
    await rename(temporary, object);
    return object;
  });
}

/** The runtime's headers but the generated ones, whose names say what is in them. */
async function sharedHeaders(folder: string): Promise<string> {
  const include = join(folder, 'runtime', 'include', 'nanoc');
  const names = existsSync(include) ? await readdir(include) : [];
  const texts = names.filter((name) => name.endsWith('.h')).sort();
  return (await Promise.all(texts.map((name) => readFile(join(include, name), 'utf8')))).join('\n');
}

/** One file for a model with its constants and its test: the compiler is started once. Returns the file's name. */
async function writeModel(folder: string, item: DeviceCase): Promise<string> {
  const { name } = item.compilation;
  const path = `run_${name}.c`;
  const parts = [`${name}_weights.c`, `${name}.c`].filter((part) => existsSync(join(folder, part)));
  const lines = [
    '#include <stdio.h>',
    '#include <string.h>',
    ...parts.map((part) => `#include "${part}"`),
    ...runFunction(item),
  ];
  await writeFile(join(folder, path), `${lines.join('\n')}\n`);
  return path;
}

/** Values that a step writes, in the order of its arguments. */
function written(call: KernelCall): string[] {
  return call.arguments.flatMap((argument) =>
    argument.kind === 'value' && argument.access === 'write' ? [argument.value] : [],
  );
}

function program(cases: readonly DeviceCase[]): string {
  const names = cases.map(({ compilation }) => compilation.name);
  const lines = [
    ...names.map((name) => `void run_${name}(void);`),
    'int main(void) {',
    ...names.map((name) => `  run_${name}();`),
    '  return 0;',
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

/** Runs the self-test, then every vector step by step; each value that a step writes goes to stdout. */
function runFunction({ compilation, vectors }: DeviceCase): string[] {
  const { name, plan, graph } = compilation;
  const place = (value: string): string => {
    const { region, offset } = plan.placements.get(value)!;
    return `${name}.${region} + ${offset}`;
  };
  const dump = (value: string) => `(void)fwrite(${place(value)}, 1, ${byteLength(valueOf(graph, value))}, stdout);`;
  const lines = [`void run_${name}(void);`, `static ${name}_t ${name};`];
  vectors.forEach((vector, index) => {
    for (const [input, tensor] of vector) {
      const bytes = [...bytesOf(tensor.data)].join(',');
      lines.push(`static const unsigned char ${name}_v${index}_${graph.inputs.indexOf(input)}[] = {${bytes}};`);
    }
  });
  lines.push(
    `void run_${name}(void) {`,
    `  (void)fputc(${name}_init(&${name}) != 0 || ${name}_selftest(&${name}) != 0, stdout);`,
  );
  vectors.forEach((vector, index) => {
    for (const [input, tensor] of vector) {
      const from = `${name}_v${index}_${graph.inputs.indexOf(input)}`;
      lines.push(`  memcpy(${place(input)}, ${from}, ${bytesOf(tensor.data).length});`);
    }
    for (const call of plan.calls) {
      lines.push(`  (void)${name}_step(&${name});`, ...written(call).map((value) => `  ${dump(value)}`));
    }
  });
  lines.push('}');
  return lines;
}

function compare(cases: readonly DeviceCase[], stdout: Uint8Array): (string | undefined)[] {
  let at = 0;
  const results = cases.map(({ compilation, vectors }) => {
    let problem: string | undefined;
    const selftest = stdout[at++];
    for (const [index, vector] of vectors.entries()) {
      const reference = evaluateGraph(compilation.reference, vector);
      for (const call of compilation.plan.calls) {
        for (const name of written(call)) {
          const value = valueOf(compilation.graph, name);
          const bytes = stdout.subarray(at, (at += byteLength(value)));
          problem ??= difference(compilation.graph, name, call, bytes, reference, index);
        }
      }
    }
    return problem ?? (selftest === 0 ? undefined : 'the self-test fails');
  });
  if (at !== stdout.length) throw new Error(`expected ${at} bytes from the program, got ${stdout.length}`);
  return results;
}

function difference(
  graph: Graph,
  name: string,
  call: KernelCall,
  bytes: Uint8Array,
  reference: ReadonlyMap<string, Tensor>,
  vector: number,
): string | undefined {
  const value = valueOf(graph, name);
  const onnx = value.source === undefined ? undefined : reference.get(value.source.name);
  if (onnx === undefined) return undefined;
  const expected = applySource(value, onnx).data;
  if (Buffer.compare(bytes, bytesOf(expected)) === 0) return undefined;
  const got = fromBytes(value.dtype, bytes);
  const first = Array.from(expected as Int8Array).findIndex((x, i) => !Object.is(x, got[i]));
  return `vector ${vector}, "${call.node.name}" (${call.function}): "${name}"[${first}] is ${got[first]}, expected ${expected[first]}`;
}
