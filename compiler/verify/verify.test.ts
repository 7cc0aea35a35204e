import { describe, expect, it } from 'vitest';
import { branchModel, streamModel } from '../../test/support/quantized-models.js';
import { simulatedTargets } from '../../test/support/simulated-targets.js';
import type { EmittedFile } from '../compilation.js';
import { type Compilation, compile, emitFiles } from '../index.js';
import type { Argument, KernelCall, PackedConstant, ParamValue } from '../ir/kernel-call.js';
import type { Placement } from '../ir/memory-plan.js';
import { bytesOf, type Tensor } from '../ir/tensor.js';
import { evaluateSteps } from '../reference/evaluate.js';
import { junitXml } from './junit.js';
import { defaultVectors } from './vectors.js';
import { verifyModel } from './verify.js';

const off = { onnxRuntime: 'off' } as const;

/** The emitted files with one of them changed. */
const emitChanged = (path: RegExp, change: (content: string) => string) => async (compilation: Compilation) => {
  let changed = 0;
  const files = (await emitFiles(compilation)).map((file): EmittedFile => {
    if (!path.test(file.path)) return file;
    const content = change(file.content);
    if (content !== file.content) changed += 1;
    return { ...file, content };
  });
  if (changed !== 1) throw new Error(`${changed} files were changed`);
  return files;
};

const simulated = await simulatedTargets();

describe('verifyModel', () => {
  it.each(['host', 'cortex-m0', 'cortex-m4', ...simulated.filter((name) => name === 'rv32imc' || name === 'lx7')])(
    '%s: a good model passes in both builds, with every layer compared',
    async (target) => {
      const compilation = await compile(branchModel(), { target });
      const set = defaultVectors(compilation.reference, { count: 10 });
      const result = await verifyModel(compilation, set, { ...off, sanitize: target === 'host' });
      expect(result.firstDivergence).toBeUndefined();
      expect(result.passed).toBe(true);
      expect(result.builds.map(({ build, passed }) => [build, passed])).toEqual([
        ['release plan, poison 0x55', true],
        ['plan with guard bytes, poison 0xaa', true],
      ]);
      // a, b and y after their steps, and y at the end: 144 elements each.
      for (const { elements } of result.builds) expect(elements).toBeGreaterThanOrEqual(10 * 4 * 144);
      expect(result.withoutCounterpart.filter((name) => ['a', 'b', 'y'].includes(name))).toEqual([]);
      expect(result.cases.filter((each) => each.failure !== undefined)).toEqual([]);
    },
  );

  it('verifies a model with state over consecutive steps', async () => {
    const compilation = await compile(streamModel(), { target: 'cortex-m4', states: ['next=past:5'] });
    const set = defaultVectors(compilation.reference, { count: 9 });
    const last = evaluateSteps(compilation.reference, set.vectors).at(-1)!;
    const finalStates = new Map([['past', last.get('next')!]]);
    const result = await verifyModel(compilation, { ...set, finalStates }, off);
    expect(result.passed).toBe(true);
    expect(result.expected).toMatchObject({ passed: true, elements: 4 });
  });

  it('says where outputs that came with the vectors differ', async () => {
    const compilation = await compile(branchModel(), { target: 'host' });
    const set = defaultVectors(compilation.reference, { count: 2 });
    const expected = evaluateSteps(compilation.reference, set.vectors).map((values) => {
      const y = values.get('y')!;
      return new Map<string, Tensor>([['y', { ...y, data: (y.data as Int8Array).slice() }]]);
    });
    const data = expected[1]!.get('y')!.data as Int8Array;
    data[37]! ^= 4;
    const result = await verifyModel(compilation, { ...set, expected }, off);
    expect(result.passed).toBe(true);
    expect(result.expected).toMatchObject({
      passed: false,
      elements: 288,
      differing: 1,
      maxDistance: 4,
      divergence: { vector: 1, tensor: 'y', element: [0, 1, 0, 1], expected: data[37], got: data[37]! ^ 4 },
    });
  });
});

describe('sabotage', () => {
  it.each(['host', 'cortex-m4'])('%s: a wrong kernel is found at the layer that calls it', async (target) => {
    const compilation = await compile(branchModel(), { target });
    const add = compilation.plan.calls.findIndex((call) => call.node.op === 'Add');
    const { function: name } = compilation.plan.calls[add]!;
    const emit = emitChanged(new RegExp(`/${name}\\.c$`), (content) => makeWrong(content, name));
    const result = await verifyModel(compilation, defaultVectors(compilation.reference, { count: 3 }), {
      ...off,
      emit,
    });
    expect(result.passed).toBe(false);
    expect(result.firstDivergence).toMatchObject({
      kind: 'device',
      build: 'release plan, poison 0x55',
      vector: 0,
      step: add,
      node: '"add" (Add)',
      kernel: name,
      tensor: 'y',
      element: [0, 3, 5, 5],
      differing: 1,
      of: 144,
    });
    const { expected, got, message } = result.firstDivergence!;
    expect(Math.abs(expected - got)).toBe(1);
    expect(message).toContain(`y[0,3,5,5] is ${got}, expected ${expected}`);
  });

  it('a kernel that writes one byte too far is found, with the buffer that it hits', async () => {
    const compilation = await compile(branchModel(), { target: 'cortex-m4' });
    const step = compilation.plan.calls.findIndex((call) => call.node.name === 'conv2');
    const { graph } = compilation.program;
    const output = compilation.plan.calls[step]!.arguments.find((a) => a.kind === 'value' && a.access === 'write');
    const { value } = output as Extract<Argument, { kind: 'value' }>;
    expect(graph.values.has(value)).toBe(true);
    const emit = (built: Compilation) => {
      const { offset, bytes } = built.plan.placements.get(value)!;
      return emitChanged(/^branch\.c$/, (content) =>
        content.replace(
          '  switch (step) {',
          `  if (step == ${step}u) {\n    arena[${offset + bytes}] ^= 0x10u;\n  }\n  switch (step) {`,
        ),
      )(built);
    };
    const result = await verifyModel(compilation, defaultVectors(compilation.reference, { count: 2 }), {
      ...off,
      emit,
    });
    const guarded = result.builds[1]!.divergence!;
    expect(guarded).toMatchObject({ kind: 'memory', step, expected: 0xaa, got: 0xba, differing: 1 });
    expect(guarded.message).toMatch(/"conv2" .*changed 1 byte .*guard bytes or dead memory \(0 bytes behind/);
  });

  it('an arena offset changed by hand is found at the step that overwrites', async () => {
    const compilation = await compile(branchModel(), { target: 'cortex-m4' });
    const { plan } = compilation;
    const step = plan.calls.findIndex((call) => call.node.name === 'conv2');
    const writes = (call: KernelCall) => call.arguments.find((a) => a.kind === 'value' && a.access === 'write');
    const [a, b] = ['conv1', 'conv2'].map((node) => {
      const write = writes(plan.calls.find((call) => call.node.name === node)!) as Extract<Argument, { kind: 'value' }>;
      return plan.placements.get(write.value)!;
    }) as [Placement, Placement];
    // The end of conv2's output is put over the start of conv1's, which conv2 has read by then and the Add still needs.
    const placements = new Map(plan.placements)
      .set(b.name, { ...b, offset: plan.arenaBytes })
      .set(a.name, { ...a, offset: plan.arenaBytes + b.bytes - 16 });
    const arenaBytes = plan.arenaBytes + b.bytes - 16 + a.bytes;
    const broken = { ...compilation, plan: { ...plan, placements, arenaBytes } };
    const result = await verifyModel(broken, defaultVectors(compilation.reference, { count: 2 }), off);
    expect(result.passed).toBe(false);
    expect(result.firstDivergence).toMatchObject({ kind: 'memory', step, tensor: a.name, differing: 16 });
    expect(result.firstDivergence!.message).toMatch(/lets step \d+ "conv2" .* write over .* is read by step \d+ "add"/);
    // The bytes tell too: the Add's result differs.
    const add = plan.calls.findIndex((call) => call.node.op === 'Add');
    const added = result.cases.find(({ name }) => name === `release plan, poison 0x55: step ${add + 1} add (Add)`);
    expect(added!.failure).toMatch(/y\[\d,\d,\d,\d\] is -?\d+, expected -?\d+/);
    // The planner's own plan with guard bytes is good.
    expect(result.builds[1]!.passed).toBe(true);
  });

  it('a flipped bit of a weight is found at its layer', async () => {
    const compilation = await compile(branchModel(), { target: 'cortex-m4' });
    const broken = flipWeight(compilation, 'conv2');
    const result = await verifyModel(broken, defaultVectors(compilation.reference, { count: 4 }), off);
    const step = compilation.plan.calls.findIndex((call) => call.node.name === 'conv2');
    expect(result.passed).toBe(false);
    expect(result.firstDivergence).toMatchObject({ kind: 'device', step, node: '"conv2" (Conv)', tensor: 'b' });
    expect(result.builds.every((build) => !build.passed)).toBe(true);
    expect(junitXml('branch', result.cases)).toMatch(/<failure message="step \d+ &quot;conv2&quot; \(Conv\): b\[/);
  });
});

/** A kernel that does what it should, and then changes the lowest bit of its last element (number 143). */
function makeWrong(content: string, name: string): string {
  const [, list] = new RegExp(`void ${name}\\(([^)]*)\\)`).exec(content)!;
  const names = list!.split(',').map((each) => /(\w+)\s*$/.exec(each)![1]!);
  const output = names[list!.split(',').findIndex((each) => /^\s*int8_t \*/.test(each))];
  return [
    `#define ${name} right_${name}`,
    content,
    `#undef ${name}`,
    `void ${name}(${list}) {`,
    `  right_${name}(${names.join(', ')});`,
    `  ${output}[143] ^= 1;`,
    '}',
    '',
  ].join('\n');
}

/** The compilation with one bit of the middle weight of a layer changed, in the constants that are emitted. */
function flipWeight(compilation: Compilation, node: string): Compilation {
  const flip = (constant: PackedConstant): PackedConstant => {
    if (constant.role !== 'weights') return constant;
    const data = constant.data.slice();
    const bytes = bytesOf(data);
    bytes[bytes.length >> 1]! ^= 0x20;
    return { ...constant, data };
  };
  const field = (value: ParamValue): ParamValue => ('constant' in value ? { constant: flip(value.constant) } : value);
  const change = (argument: Argument): Argument => {
    if (argument.kind === 'constant') return { ...argument, constant: flip(argument.constant) };
    if (argument.kind !== 'params') return argument;
    const fields = Object.entries(argument.fields).map(([name, value]) => [name, field(value)]);
    return { ...argument, fields: Object.fromEntries(fields) };
  };
  const calls = (list: readonly KernelCall[]) =>
    list.map((call) => (call.node.name === node ? { ...call, arguments: call.arguments.map(change) } : call));
  const { program, plan } = compilation;
  return {
    ...compilation,
    program: { ...program, calls: calls(program.calls) },
    plan: { ...plan, calls: calls(plan.calls) },
  };
}
