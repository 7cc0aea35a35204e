/**
 * Runs kernel calls on the host, under AddressSanitizer and UndefinedBehaviorSanitizer, without the rest of the compiler:
 * every buffer is its own allocation of the exact size, so that a byte too far is an error.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.js';
import { type Graph, valueOf } from '../../compiler/ir/graph.js';
import {
  type Argument,
  joinLists,
  type KernelCall,
  type Overlap,
  type PackedConstant,
  type ParamValue,
} from '../../compiler/ir/kernel-call.js';
import type { Target } from '../../compiler/ir/target.js';
import { byteLength, bytesOf, fromBytes, type Tensor, type TensorData } from '../../compiler/ir/tensor.js';
import { apartLayout, type CallLayout, SCRATCH } from '../../compiler/simulate/call-layout.js';
import { withCallProgram } from '../../compiler/simulate/call-program.js';
import { runCallProgram } from '../../compiler/simulate/call-run.js';
import type { Library } from '../../compiler/vendor/library.js';

export interface CallCase {
  readonly call: KernelCall;
  readonly graph: Graph;
  /** The values that the call reads, other than constants of the graph. */
  readonly inputs: ReadonlyMap<string, Tensor>;
}

export interface RunCallOptions {
  /** Compiler command, by default cc. */
  readonly compiler?: string;
  /** e.g. -DNANOC_FPU=0, to run the integer variants. */
  readonly flags?: readonly string[];
  /**
   * Runs over the input are one step nearer than the kernel allows, and whether the output changes is told: a lead that could
   * be smaller is no error, but room given away.
   */
  readonly nearer?: (index: number, changed: boolean) => void;
}

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const RUNTIME = join(ROOT, 'runtime-c');
const INCLUDES = ['-I', join(RUNTIME, 'include'), '-I', 'include'];

/** Values written by one call, by name. Throws when the C does not compile, a sanitizer objects, or an in-place run differs. */
export async function runCall(
  call: KernelCall,
  graph: Graph,
  inputs: ReadonlyMap<string, Tensor>,
  options: RunCallOptions = {},
): Promise<Map<string, Tensor>> {
  return (await runCalls([{ call, graph, inputs }], options))[0]!;
}

const WARNINGS = [
  '-std=c99',
  '-Wall',
  '-Wextra',
  '-Wconversion',
  '-Wshadow',
  '-Wpedantic',
  '-Werror',
  '-ffp-contract=off',
];
const SANITIZERS = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** As `runCall` for many calls in one program: one compilation. */
export async function runCalls(
  cases: readonly CallCase[],
  options: RunCallOptions = {},
): Promise<Map<string, Tensor>[]> {
  return inFolder(async (folder) => {
    const runs = options.nearer === undefined ? runsOf(cases) : runsOf(cases).map(oneStepNearer);
    await writeFile(join(folder, 'main.c'), program(runs));
    const sources = await sourcesOf(cases, folder);
    const flags = [...WARNINGS, ...SANITIZERS, ...INCLUDES, ...(options.flags ?? [])];
    await execa(options.compiler ?? 'cc', [...flags, 'main.c', ...sources, '-o', 'main'], { cwd: folder });
    await execa('./main', [], { cwd: folder });
    const response = await readFile(join(folder, 'response.bin'));
    return collect(runs, cases.length, response, options.nearer);
  });
}

export interface TargetResult {
  readonly values: Map<string, Tensor>;
  /** Instructions of the call in storage of its own, to the timer's resolution. */
  readonly instructions: number;
}

/**
 * Runs the calls on a simulated target (compiler/simulate/call-program.ts), compiled with the target's own flags. Every buffer is as far
 * aligned as plans for the target promise, and no better; nothing but outputs and scratch may change.
 */
export async function runCallsOnTarget(
  cases: readonly CallCase[],
  target: Target,
  libraries: readonly Library[] = [],
): Promise<TargetResult[]> {
  const results: TargetResult[] = [];
  for (let start = 0; start < cases.length; start += IN_ONE_PROGRAM)
    results.push(...(await runInOneProgram(cases.slice(start, start + IN_ONE_PROGRAM), target, libraries)));
  return results;
}

/** The simulated memories hold no more. */
const IN_ONE_PROGRAM = 200;

async function runInOneProgram(
  cases: readonly CallCase[],
  target: Target,
  libraries: readonly Library[],
): Promise<TargetResult[]> {
  const runs = runsOf(cases);
  const placed = runs.map(({ item, overlap }) => ({
    ...{ call: item.call, graph: item.graph },
    layout: apartLayout(item.call, item.graph, target.alignment, overlap),
  }));
  const extraFlags = ['-Wpedantic', '-Werror'];
  return withCallProgram(placed, { target, libraries, extraFlags }, async (program) => {
    const list = runs.map(({ item }, call) => ({ call, inputs: inMemory(item), filling: FILLING }));
    const outcomes = await runCallProgram(program, list);
    const results: TargetResult[] = [];
    runs.forEach(({ item, index, overlap }, run) => {
      const outcome = outcomes[run];
      if (outcome === undefined || !('memory' in outcome)) throw new Error(renderFailure(item, outcome?.failure));
      const { layout } = placed[run]!;
      const values = valuesIn(outcome.memory, item, layout);
      const changed = changedOutside(outcome.memory, item, layout);
      if (changed >= 0)
        throw new Error(`${item.call.function} writes outside of its buffers, at ${changed} (case ${index})`);
      if (overlap === undefined) results[index] = { values, instructions: outcome.instructions ?? 0 };
      else compareOver(item, index, overlap, values, results[index]!.values);
    });
    return results;
  });
}

/** Inputs but for the constants, which the program has in its flash. */
function inMemory({ graph, inputs }: CallCase): Map<string, Tensor> {
  return new Map([...inputs].filter(([name]) => valueOf(graph, name).constant === undefined));
}

const FILLING = 0x55;

function renderFailure({ call }: CallCase, failure: Diagnostic | undefined): string {
  return `${call.function} (${call.node.name}): ${failure?.message}: ${failure?.because}`;
}

function valuesIn(memory: Uint8Array, { call, graph }: CallCase, { buffers }: CallLayout): Map<string, Tensor> {
  return new Map(
    written(call).map((name): [string, Tensor] => {
      const { dtype, shape } = valueOf(graph, name);
      const { offset, bytes } = buffers.get(name)!;
      return [name, { dtype, shape, data: fromBytes(dtype, memory.subarray(offset, offset + bytes)) }];
    }),
  );
}

/** First byte that is neither in an output nor in scratch and is not what was there before; -1 where there is none. */
function changedOutside(memory: Uint8Array, { call, inputs }: CallCase, { buffers }: CallLayout): number {
  const before = new Uint8Array(memory.length).fill(FILLING);
  for (const [name, tensor] of inputs) {
    const place = buffers.get(name);
    if (place !== undefined) before.set(bytesOf(tensor.data), place.offset);
  }
  for (const name of [...written(call), SCRATCH]) {
    const place = buffers.get(name);
    if (place !== undefined) before.set(memory.subarray(place.offset, place.offset + place.bytes), place.offset);
  }
  return memory.findIndex((byte, at) => byte !== before[at]);
}

function compareOver(
  { call }: CallCase,
  index: number,
  { input, lead }: Overlap,
  values: ReadonlyMap<string, Tensor>,
  apart: ReadonlyMap<string, Tensor>,
): void {
  for (const [name, tensor] of values) {
    if (Buffer.compare(bytesOf(tensor.data), bytesOf(apart.get(name)!.data)) === 0) continue;
    throw new Error(
      `${call.function}: running over "${input}" (lead ${lead}) changes output "${name}" (case ${index})`,
    );
  }
}

async function inFolder<T>(action: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'nanoc-call-'));
  try {
    return await action(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every call in storage of its own, then once over each input that it may overlap. */
function runsOf(cases: readonly CallCase[]): Run[] {
  return cases.flatMap((item, index) => [
    { item, index, overlap: undefined as Overlap | undefined },
    ...item.call.overlaps.filter(({ input }) => item.inputs.has(input)).map((overlap) => ({ item, index, overlap })),
  ]);
}

function oneStepNearer(run: Run): Run {
  if (run.overlap === undefined) return run;
  return { ...run, overlap: { ...run.overlap, lead: run.overlap.lead - (run.overlap.multiple ?? 1) } };
}

async function sourcesOf(cases: readonly CallCase[], folder: string): Promise<string[]> {
  // What requantize.h calls, as emission adds what headers call.
  const needed = new Set([...cases.flatMap(({ call }) => call.sources), 'portable/nanoc_requantize.c']);
  const runtime = [...needed].map((path) => join(RUNTIME, 'src', path));
  return [...runtime, ...(await writeGenerated(cases, folder))];
}

/** Writes the sources that kernels are generated as; returns the C files. */
async function writeGenerated(cases: readonly CallCase[], folder: string): Promise<string[]> {
  const files = new Map(
    cases.flatMap(({ call }) => (call.generated ?? []).map(({ path, content }) => [path, content])),
  );
  for (const [path, content] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return [...files.keys()].filter((path) => path.endsWith('.c'));
}

interface Run {
  readonly item: CallCase;
  readonly index: number;
  /** Set: the output lies over the input, as near as the kernel allows. */
  readonly overlap: Overlap | undefined;
}

function written(call: KernelCall): string[] {
  return call.arguments.flatMap((a) => (a.kind === 'value' && a.access === 'write' ? [a.value] : []));
}

/** Takes the response apart: for each run the values written. */
function collect(
  runs: readonly Run[],
  count: number,
  response: Uint8Array,
  nearer?: RunCallOptions['nearer'],
): Map<string, Tensor>[] {
  const results = Array.from({ length: count }, () => new Map<string, Tensor>());
  let offset = 0;
  for (const { item, index, overlap } of runs) {
    for (const name of written(item.call)) {
      const value = valueOf(item.graph, name);
      const bytes = response.subarray(offset, (offset += byteLength(value)));
      const tensor: Tensor = { dtype: value.dtype, shape: value.shape, data: fromBytes(value.dtype, bytes) };
      if (overlap === undefined) results[index]!.set(name, tensor);
      else if (nearer !== undefined) {
        nearer(index, Buffer.compare(bytes, bytesOf(results[index]!.get(name)!.data)) !== 0);
      } else if (Buffer.compare(bytes, bytesOf(results[index]!.get(name)!.data)) !== 0) {
        throw new Error(
          `${item.call.function}: running over "${overlap.input}" (lead ${overlap.lead}) changes output "${name}" (case ${index})`,
        );
      }
    }
  }
  if (offset !== response.length) throw new Error(`expected ${offset} bytes from the program, got ${response.length}`);
  return results;
}

function program(runs: readonly Run[]): string {
  const headers = [...new Set(runs.map(({ item }) => item.call.header))];
  return [
    '#include <stdint.h>',
    '#include <stdio.h>',
    '#include <stdlib.h>',
    '#include <string.h>',
    ...headers.map((header) => `#include "${header}"`),
    'static FILE *response;',
    ...runs.map((run, i) => runFunction(run, i)),
    'int main(void) {',
    '  response = fopen("response.bin", "wb");',
    '  if (response == NULL) { return 1; }',
    ...runs.map((_, i) => `  run_${i}();`),
    '  (void)fclose(response);',
    '  return 0;',
    '}',
    '',
  ].join('\n');
}

function runFunction({ item, overlap }: Run, run: number): string {
  const { call, graph, inputs } = item;
  const declarations: string[] = [];
  const before: string[] = [];
  const after: string[] = [];
  const frees: string[] = [];
  const allocateBuffer = (name: string, bytes: number, from?: string): string => {
    // An aligned address that is not over-aligned: real arenas promise no more than the call asks for.
    before.push(`  uint8_t *${name} = malloc(${Math.max(bytes, 1)});`);
    if (from !== undefined) before.push(`  memcpy(${name}, ${from}, ${bytes});`);
    else before.push(`  memset(${name}, 0x55, ${Math.max(bytes, 1)});`);
    frees.push(`  free(${name});`);
    return name;
  };
  let constants = 0;
  const declare = (data: TensorData, ctype = ctypeOf(data)): string => {
    const name = `c_${run}_${constants++}`;
    declarations.push(`static const ${ctype} ${name}[] = {${literals(data)}};`);
    return name;
  };
  const buffers = new Map<string, string>();
  const readBuffer = (name: string): string => {
    const known = buffers.get(name);
    if (known !== undefined) return known;
    const tensor = graph.values.get(name)?.constant ?? inputs.get(name);
    if (tensor === undefined) throw new Error(`runCalls: no tensor for "${name}"`);
    const buffer = allocateBuffer(`v_${buffers.size}`, byteLength(tensor), declare(tensor.data));
    buffers.set(name, buffer);
    return buffer;
  };
  const writeBuffer = (name: string): string => {
    const size = byteLength(valueOf(graph, name));
    const buffer = buffers.get(name) ?? allocateBuffer(`o_${buffers.size}`, size);
    buffers.set(name, buffer);
    after.push(`  fwrite(${buffer}, 1, ${size}, response);`);
    return buffer;
  };
  if (overlap !== undefined) {
    // One allocation for both; the kernel's alignment may ask for a little more distance than its lead.
    const unit = call.alignment ?? 1;
    let lead = Math.ceil(overlap.lead / unit) * unit;
    while (lead % (overlap.multiple ?? 1) !== 0) lead += unit;
    const [inputAt, outputAt] = lead >= 0 ? [lead, 0] : [0, -lead];
    const tensor = inputs.get(overlap.input)!;
    const size = Math.max(inputAt + byteLength(tensor), outputAt + byteLength(valueOf(graph, overlap.output)));
    const joint = allocateBuffer('joint', size);
    before.push(`  memcpy(${joint} + ${inputAt}, ${declare(tensor.data)}, ${byteLength(tensor)});`);
    buffers.set(overlap.input, `(${joint} + ${inputAt})`);
    buffers.set(overlap.output, `(${joint} + ${outputAt})`);
  }
  const constantSymbol = (constant: PackedConstant): string => declare(constant.data, constant.ctype);
  const field = (value: ParamValue): string => {
    if ('int' in value) return intLiteral(value.int);
    if ('float' in value) return floatLiteral(value.float);
    if ('ints' in value) return `{${value.ints.map(intLiteral).join(', ')}}`;
    if ('constant' in value) return constantSymbol(value.constant);
    if ('fields' in value)
      return `{${Object.entries(value.fields)
        .map(([name, inner]) => `.${name} = ${field(inner)}`)
        .join(', ')}}`;
    return value.text;
  };
  const argument = (a: Argument): string => {
    switch (a.kind) {
      case 'value':
        return `(void *)${a.access === 'read' ? readBuffer(a.value) : writeBuffer(a.value)}`;
      case 'constant':
        return constantSymbol(a.constant);
      case 'params': {
        const fields = Object.entries(a.fields).map(([name, value]) => `.${name} = ${field(value)}`);
        declarations.push(`static const ${a.struct} p_${run} = {${fields.join(', ')}};`);
        return `&p_${run}`;
      }
      case 'null':
        return 'NULL';
      case 'scratch':
        return `(void *)${allocateBuffer('scratch', call.scratch?.bytes ?? 0)}`;
      case 'int':
        return intLiteral(a.value);
      case 'float':
        return floatLiteral(a.value);
    }
  };
  // Reads first: their buffers come before those of the outputs.
  for (const a of call.arguments) if (a.kind === 'value' && a.access === 'read') readBuffer(a.value);
  const text = joinLists(call.arguments, call.arguments.map(argument)).join(', ');
  return [
    ...declarations,
    `static void run_${run}(void) {`,
    ...before,
    `  ${call.function}(${text});`,
    ...after,
    ...frees,
    '}',
  ].join('\n');
}

function ctypeOf(data: TensorData): string {
  if (data instanceof Float32Array) return 'float';
  if (data instanceof Float64Array) return 'double';
  if (data instanceof Int8Array) return 'int8_t';
  if (data instanceof Uint8Array) return 'uint8_t';
  if (data instanceof Int16Array) return 'int16_t';
  if (data instanceof Uint16Array) return 'uint16_t';
  if (data instanceof Int32Array) return 'int32_t';
  if (data instanceof Uint32Array) return 'uint32_t';
  return data instanceof BigInt64Array ? 'int64_t' : 'uint64_t';
}

function literals(data: TensorData): string {
  if (data instanceof Float32Array || data instanceof Float64Array) return Array.from(data, floatLiteral).join(',');
  if (data instanceof BigInt64Array)
    return Array.from(data, (x) => (x === -(2n ** 63n) ? 'INT64_MIN' : `${x}LL`)).join(',');
  if (data instanceof BigUint64Array) return Array.from(data, (x) => `${x}ULL`).join(',');
  return Array.from(data as Int32Array, intLiteral).join(',');
}

function intLiteral(x: number): string {
  if (x === -2147483648) return 'INT32_MIN';
  return x > 2147483647 ? `${x}U` : `${x}`;
}

function floatLiteral(x: number): string {
  if (Number.isNaN(x)) return '(0.0f/0.0f)';
  if (!Number.isFinite(x)) return x > 0 ? '(1.0f/0.0f)' : '(-1.0f/0.0f)';
  const text = Object.is(x, -0) ? '-0.0' : String(x);
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}
