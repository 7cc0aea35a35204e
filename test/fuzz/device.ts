/**
 * Compiled models on the host, under AddressSanitizer and UndefinedBehaviorSanitizer, many in one program: each is run step
 * by step, and every value that a step writes is compared with the reference evaluator.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { Compilation, EmittedFile } from '../../compiler/compilation.js';
import { emitFiles } from '../../compiler/index.js';
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
  ...['-std=c99', '-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-ffp-contract=off'],
  ...['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wpedantic', '-Werror'],
];

/** What differed, case by case; undefined where every byte of every layer was right. */
export async function runOnHost(
  cases: readonly DeviceCase[],
  flags: readonly string[] = [],
): Promise<(string | undefined)[]> {
  const folder = await mkdtemp(join(tmpdir(), 'nanoc-fuzz-'));
  try {
    const sources = new Set<string>();
    for (const { compilation } of cases) {
      for (const file of await emitFiles(compilation)) {
        if (!isModelSource(file, compilation.name)) continue;
        await mkdir(dirname(join(folder, file.path)), { recursive: true });
        await writeFile(join(folder, file.path), file.content);
        if (file.path.endsWith('.c')) sources.add(file.path);
      }
    }
    await writeFile(join(folder, 'main.c'), program(cases));
    const objects = await compileAll(folder, [...sources, 'main.c'], [...FLAGS, ...flags]);
    await execa('cc', [...FLAGS, ...flags, ...objects, '-o', 'main'], { cwd: folder });
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

/** Objects of kernels are kept between programs, named by the hash of what went into them. */
async function compileAll(folder: string, sources: readonly string[], flags: readonly string[]): Promise<string[]> {
  const headers = createHash('sha256').update(flags.join(' '));
  const cache = join(tmpdir(), 'nanoc-fuzz-objects');
  await mkdir(cache, { recursive: true });
  const includes = ['-I', '.', '-I', 'runtime/include'];
  const objects: string[] = [];
  for (const source of sources) {
    const { stdout } = source.startsWith('runtime/')
      ? await execa('cc', ['-E', '-P', ...flags, ...includes, source], { cwd: folder })
      : { stdout: '' };
    const key = headers.copy().update(stdout).digest('hex').slice(0, 32);
    const object = stdout === '' ? `${source}.o` : join(cache, `${key}.o`);
    if (stdout === '' || !(await exists(object))) {
      const temporary = `${object}.${process.pid}`;
      await execa('cc', [...flags, ...includes, '-c', source, '-o', temporary], { cwd: folder });
      await execa('mv', [temporary, object], { cwd: folder });
    }
    objects.push(object);
  }
  return objects;
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}

/** Values that a step writes, in the order of its arguments. */
function written(call: KernelCall): string[] {
  return call.arguments.flatMap((argument) =>
    argument.kind === 'value' && argument.access === 'write' ? [argument.value] : [],
  );
}

function program(cases: readonly DeviceCase[]): string {
  return [
    '#include <stdio.h>',
    '#include <string.h>',
    ...cases.map(({ compilation }) => `#include "${compilation.name}.h"`),
    ...cases.flatMap(runFunctions),
    'int main(void) {',
    ...cases.map(({ compilation }) => `  run_${compilation.name}();`),
    '  return 0;',
    '}',
    '',
  ].join('\n');
}

function runFunctions({ compilation, vectors }: DeviceCase): string[] {
  const { name, plan, graph } = compilation;
  const place = (value: string): string => {
    const { region, offset } = plan.placements.get(value)!;
    return `${name}.${region} + ${offset}`;
  };
  const dump = (value: string) => `fwrite(${place(value)}, 1, ${byteLength(valueOf(graph, value))}, stdout);`;
  const lines = [`static ${name}_t ${name};`];
  vectors.forEach((vector, index) => {
    for (const [input, tensor] of vector) {
      const bytes = [...bytesOf(tensor.data)].join(',');
      lines.push(`static const unsigned char ${name}_v${index}_${graph.inputs.indexOf(input)}[] = {${bytes}};`);
    }
  });
  lines.push(`static void run_${name}(void) {`, `  (void)${name}_init(&${name});`);
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
    return problem;
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
