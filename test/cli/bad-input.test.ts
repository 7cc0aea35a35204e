/** Whatever is wrong ends in a catalogued diagnostic and the right exit code: no stack trace, no half-written folder. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import onnxProto from 'onnx-proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPage } from '../../compiler/diagnostics/catalogue.js';
import type { Tensor } from '../../compiler/ir/tensor.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { writeNpy } from '../../compiler/verify/npy.js';
import { type CommandResult, codesIn, nanoc } from '../support/command-line.js';
import { damageBytes, damageMeaning } from '../support/damage.js';
import type { BuilderModel, BuilderNode } from '../support/onnx-builder.js';
import { Random } from '../support/random.js';
import { smallModel, smallModelBytes } from '../support/small-model.js';
import { workFolder } from '../support/work-folder.js';

const folder = workFolder();
const inFolder = (...args: string[]) => nanoc(args, { cwd: folder.path });

/** The result is one that a user can do something with. */
function expectDiagnosed(result: CommandResult, exitCode: number, what = ''): string[] {
  const codes = codesIn(result);
  expect(result.err, what).not.toMatch(/^ +at /m);
  expect(codes.length, what).toBeGreaterThan(0);
  for (const code of codes) expect(readPage(code), `${what} ${code}`).toBeDefined();
  expect([result.exitCode, codes.includes('NC0901')], `${what}\n${result.err}`).toEqual([exitCode, false]);
  return codes;
}

/** Builds a model that cannot be built; nothing may be left behind. */
async function refused(bytes: Uint8Array): Promise<string[]> {
  folder.write('bad.onnx', bytes);
  const result = await inFolder('build', 'bad.onnx', '--target', 'host', '--no-compile');
  const codes = expectDiagnosed(result, 2);
  expect(readdirSync(folder.path)).toEqual(['bad.onnx']);
  return codes;
}

const scalar = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });
const replaced = (name: string, tensor: Tensor | undefined): Partial<BuilderModel> => ({
  initializers: smallModel.initializers!.flatMap((each) =>
    each.name !== name ? [each] : tensor === undefined ? [] : [{ name, tensor }],
  ),
});
const withConv = (change: Partial<BuilderNode>): Partial<BuilderModel> => ({
  nodes: smallModel.nodes.map((node) => (node.op === 'Conv' ? { ...node, ...change } : node)),
});

describe('damaged files', () => {
  it('cut off at every 97th byte', async () => {
    const whole = smallModelBytes();
    for (let length = 0; length < whole.length; length += 97) {
      folder.write('cut.onnx', whole.subarray(0, length));
      expectDiagnosed(await inFolder('plan', 'cut.onnx', '--target', 'host'), 2, `cut at ${length}`);
    }
  });

  it('random bytes', async () => {
    const random = new Random(7);
    for (let n = 0; n < 60; n += 1) {
      const noise = Uint8Array.from({ length: random.integer(1, 400) }, () => random.integer(0, 255));
      folder.write('noise.onnx', noise);
      expectDiagnosed(await inFolder('plan', 'noise.onnx', '--target', 'host'), 2, `noise ${n}`);
    }
  });

  it.each([
    ['bytes', damageBytes, 150],
    ['meaning', damageMeaning, 300],
  ] as const)('with damaged %s compile or are refused', async (_, damage, count) => {
    const outcomes = [0, 0];
    for (let seed = 1; seed <= count; seed += 1) {
      folder.write('damaged.onnx', damage(smallModelBytes(), new Random(seed)));
      const result = await inFolder('plan', 'damaged.onnx', '--target', seed % 2 === 0 ? 'host' : 'cortex-m4');
      if (result.exitCode !== 0) expectDiagnosed(result, 2, `seed ${seed}`);
      outcomes[result.exitCode === 0 ? 0 : 1]! += 1;
    }
    // Both happen: the damage is neither harmless nor always fatal at once.
    expect(Math.min(...outcomes)).toBeGreaterThan(count / 50);
  });
});

describe('hostile and broken models', () => {
  it.each<[string, Partial<BuilderModel>, string[]]>([
    ['no nodes', { nodes: [] }, ['NC0102']],
    ['a cycle', withConv({ inputs: ['x_real', 'w_real', 'r_real'] }), ['NC0205']],
    ['a missing initializer', replaced('w', undefined), ['NC0202']],
    [
      'several missing initializers',
      { initializers: smallModel.initializers!.slice(4) },
      ['NC0202', 'NC0202', 'NC0202', 'NC0202'],
    ],
    [
      'weights of the wrong type',
      replaced('w', { dtype: 'float64', shape: [3, 2, 3, 3], data: new Float64Array(54) }),
      ['NC0204'],
    ],
    ['a scale of 0', replaced('w_scale', scalar(0)), ['NC0204']],
    ['a scale of NaN', replaced('x_scale', scalar(Number.NaN)), ['NC0204']],
    ['a negative scale', replaced('y_scale', scalar(-0.5)), ['NC0204']],
    [
      'an input of 2^40 elements',
      { inputs: [{ name: 'x', dtype: 'int8', shape: [2 ** 10, 2 ** 10, 2 ** 10, 2 ** 10] }] },
      ['NC0206'],
    ],
    ['an input of 2^62 rows', { inputs: [{ name: 'x', dtype: 'int8', shape: [1, 2, 2 ** 62, 5] }] }, ['NC0107']],
    ['an attribute out of range', withConv({ attributes: { group: -1 } }), ['NC0204']],
    ['a stride of 0', withConv({ attributes: { strides: [0, 0] } }), ['NC0204']],
    ['pads of 2^40', withConv({ attributes: { pads: [2 ** 40, 0, 2 ** 40, 0] } }), ['NC0204']],
    ['a dimension without a size', { inputs: [{ name: 'x', dtype: 'int8', shape: [1, 2, 'height', 5] }] }, ['NC0107']],
    ['opset 7', { opset: 7 }, ['NC0111']],
    [
      'operators that are not supported, all of them',
      {
        nodes: [
          { op: 'Wavelet', inputs: ['x'], outputs: ['p'] },
          { op: 'GridSample', inputs: ['p'], outputs: ['q'] },
          { op: 'Attention', domain: 'com.acme', inputs: ['q'], outputs: ['y'] },
        ],
      },
      ['NC0201', 'NC0201', 'NC0201'],
    ],
  ])('%s', async (_, change, codes) => {
    expect(await refused(smallModelBytes(change))).toEqual(codes);
  });

  it('names that hold terminal codes', async () => {
    const nodes = [{ op: 'Evil\u001b]0;owned\u0007', inputs: ['x'], outputs: ['y'] }];
    expect(await refused(smallModelBytes({ nodes }))).toEqual(['NC0113']);
    const result = await inFolder('inspect', 'bad.onnx');
    expect(`${result.out}${result.err}`).toContain('Evil\\u001b]0;owned\\u0007');
  });

  it('thousands of faults are counted, not all printed', async () => {
    const nodes = Array.from({ length: 2000 }, (_, i) => ({ op: `Odd${i}`, inputs: ['x'], outputs: [`o${i}`] }));
    folder.write('bad.onnx', smallModelBytes({ nodes }));
    const result = await inFolder('plan', 'bad.onnx', '--target', 'host');
    expect(result.err).toContain('... and 1950 more of severity error');
    expect(JSON.parse((await inFolder('plan', 'bad.onnx', '--target', 'host', '--json')).out).diagnostics).toHaveLength(
      2000,
    );
  });
});

describe('external data', () => {
  /** The small model with the weights in another file. */
  const external = (location: string, length = 54) => {
    const model = onnxProto.onnx.ModelProto.decode(smallModelBytes());
    const w = model.graph!.initializer!.find(({ name }) => name === 'w')!;
    const data = Uint8Array.from(w.rawData!);
    w.rawData = new Uint8Array(0);
    w.dataLocation = 1;
    w.externalData = [
      { key: 'location', value: location },
      { key: 'length', value: String(length) },
    ];
    return { bytes: onnxProto.onnx.ModelProto.encode(model).finish(), data };
  };

  it('beside the model gives the same C as data inside it', async () => {
    const { bytes, data } = external('weights.bin');
    folder.write('weights.bin', data);
    for (const [name, content] of [
      ['inside', smallModelBytes()],
      ['outside', bytes],
    ] as const) {
      folder.write('small.onnx', content);
      const args = ['build', 'small.onnx', '--target', 'host', '--no-compile', '--output', name];
      expect(await inFolder(...args)).toMatchObject({ exitCode: 0, err: '' });
    }
    const weights = (name: string) =>
      readFileSync(join(folder.path, name, 'small_weights.c'), 'utf8').replace(/[0-9a-f]{64}/g, '');
    expect(weights('outside')).toBe(weights('inside'));
  });

  it.each([
    ['outside of the folder', '../weights.bin', 54, 'NC0106'],
    ['at an absolute path', '/etc/passwd', 54, 'NC0106'],
    ['that is not there', 'missing.bin', 54, 'NC0106'],
    ['over a link that leads out', 'link.bin', 54, 'NC0106'],
    ['that is too short', 'short.bin', 54, 'NC0103'],
    ['of another length', 'short.bin', 3, 'NC0103'],
  ])('%s', async (_, location, length, code) => {
    symlinkSync('/etc/passwd', join(folder.path, 'link.bin'));
    folder.write('short.bin', Uint8Array.of(1, 2, 3));
    folder.write('bad.onnx', external(location, length).bytes);
    expect(expectDiagnosed(await inFolder('plan', 'bad.onnx', '--target', 'host'), 2)).toEqual([code]);
  });
});

describe('bad inputs of run and verify', () => {
  const int8 = (...shape: number[]) =>
    writeNpy({ dtype: 'int8', shape, data: new Int8Array(shape.reduce((a, b) => a * b, 1)) });

  it.each<[string, string, string | Uint8Array | undefined, string]>([
    ['the wrong shape', 'v.npy', int8(1, 2, 5, 6), 'NC0712'],
    [
      'the wrong type',
      'v.npy',
      writeNpy({ dtype: 'float32', shape: [1, 2, 5, 5], data: new Float32Array(50).fill(0.5) }),
      'NC0712',
    ],
    ['a length that is no multiple', 'v.bin', new Uint8Array(51), 'NC0712'],
    ['no bytes', 'v.bin', new Uint8Array(0), 'NC0712'],
    ['noise', 'v.npy', Uint8Array.of(1, 2, 3), 'NC0710'],
    ['no zip', 'v.npz', 'hello', 'NC0710'],
    ['no JSON', 'v.json', '{', 'NC0710'],
    ['nothing at all', 'v.npy', undefined, 'NC0710'],
  ])('%s', async (_, name, content, code) => {
    folder.write('small.onnx', smallModelBytes());
    if (content !== undefined) folder.write(name, content);
    for (const args of [
      ['run', '--input'],
      ['verify', '--vectors'],
    ]) {
      const result = await inFolder(args[0]!, 'small.onnx', '--target', 'host', args[1]!, name);
      expect(expectDiagnosed(result, 2)).toEqual([code]);
    }
  });
});

describe('folders and files that cannot be written', () => {
  beforeEach(() => void folder.write('small.onnx', smallModelBytes()));

  it('a path below a file', async () => {
    folder.write('file', 'mine');
    const result = await inFolder('build', 'small.onnx', '--target', 'host', '--no-compile', '--output', 'file/out');
    expect(expectDiagnosed(result, 2)).toEqual(['NC0501']);
    expect(readdirSync(folder.path).sort()).toEqual(['file', 'small.onnx']);
  });

  // Root may write anywhere.
  it.skipIf(process.getuid?.() === 0)('a folder without permission', async () => {
    mkdirSync(join(folder.path, 'closed'), { mode: 0o500 });
    const result = await inFolder('build', 'small.onnx', '--target', 'host', '--no-compile', '--output', 'closed/out');
    expect(expectDiagnosed(result, 2)).toEqual(['NC0501']);
  });

  it.each([
    ['verify', '--junit', 'missing/result.xml'],
    ['verify', '--junit', '.'],
  ])('%s %s %s', async (command, option, value) => {
    const result = await inFolder(command, 'small.onnx', '--target', 'host', '--count', '1', option, value);
    expect(expectDiagnosed(result, 2)).toEqual(['NC0501']);
  });
});

describe('toolchains that fail', () => {
  const path = process.env.PATH;
  beforeEach(() => {
    folder.write('small.onnx', smallModelBytes());
    mkdirSync(join(folder.path, 'bin'));
  });
  afterEach(() => {
    process.env.PATH = path;
  });
  const fake = (name: string, script: string) => {
    writeFileSync(join(folder.path, 'bin', name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder.path, 'bin', name), 0o755);
    process.env.PATH = `${join(folder.path, 'bin')}${delimiter}${path}`;
  };

  it.each([
    ['an error', 'echo "main.c:1: error: no room on this chip" >&2; exit 1', /no room on this chip/],
    ['a signal', 'kill -9 $$', /refused/],
  ])('with %s', async (_, script, text) => {
    fake('arm-none-eabi-gcc', `case "$*" in *--version*) echo "fake 1.2.3"; exit 0;; esac\n${script}`);
    const result = await inFolder('build', 'small.onnx', '--target', 'cortex-m7');
    expect(expectDiagnosed(result, 3)).toEqual(['NC0602']);
    expect(result.err).toMatch(text);
    expect(existsSync(join(folder.path, 'build'))).toBe(false);
  });

  it('because it is not installed', async () => {
    process.env.PATH = join(folder.path, 'bin');
    const result = await inFolder('build', 'small.onnx', '--target', 'cortex-m33');
    expect(expectDiagnosed(result, 3)).toEqual(['NC0601']);
    expect(result.err).toContain('sudo apt-get install gcc-arm-none-eabi');
    expect(existsSync(join(folder.path, 'build'))).toBe(false);
  });

  it('a simulator that is not installed: run says so; build still builds, and says what was not measured', async () => {
    fake('qemu-system-arm', 'exit 127');
    const tools = [
      'arm-none-eabi-gcc',
      'arm-none-eabi-objdump',
      'arm-none-eabi-nm',
      'arm-none-eabi-ar',
      'sh',
      'as',
      'ld',
    ];
    for (const tool of tools) fake(tool, `PATH="${path}" exec ${tool} "$@"`);
    rmSync(join(folder.path, 'bin/qemu-system-arm'));
    process.env.PATH = join(folder.path, 'bin');
    const ran = await inFolder('run', 'small.onnx', '--target', 'cortex-m4');
    expect(expectDiagnosed(ran, 3)).toEqual(['NC0701']);
    const built = await inFolder('build', 'small.onnx', '--target', 'cortex-m4');
    expect([built.exitCode, codesIn(built)]).toEqual([0, ['NC0701']]);
    expect(existsSync(join(folder.path, 'build/small/cortex-m4/small.elf'))).toBe(true);
  });
});

describe('Ctrl-C in the middle', () => {
  /** A compiler that never ends; it writes its process id into a file when it is asked to compile. */
  const script = (folderPath: string) =>
    [
      '#!/bin/sh',
      'case "$*" in *--version*) echo "fake 1.2.3"; exit 0;; esac',
      `echo $$ >> "${folderPath}/started"`,
      'exec sleep 60',
      '',
    ].join('\n');

  it.each(['SIGINT', 'SIGTERM'] as const)('%s ends the compiler and leaves nothing', async (signal) => {
    folder.write('small.onnx', smallModelBytes());
    mkdirSync(join(folder.path, 'bin'));
    mkdirSync(join(folder.path, 'tmp'));
    writeFileSync(join(folder.path, 'bin/arm-none-eabi-gcc'), script(folder.path), { mode: 0o755 });
    const env = {
      PATH: `${join(folder.path, 'bin')}${delimiter}${process.env.PATH}`,
      TMPDIR: join(folder.path, 'tmp'),
    };
    const args = [join(packageRoot(), 'scripts/nanoc.js'), 'build', 'small.onnx', '--target', 'cortex-m4'];
    const child = execa(process.execPath, args, { cwd: folder.path, env, reject: false });
    const started = join(folder.path, 'started');
    while (!existsSync(started)) {
      if (child.exitCode !== null) throw new Error(`ended early: ${(await child).stderr}`);
      await setTimeout(20);
    }
    child.kill(signal);
    const result = await child;
    expect(result.exitCode).toBe(130);
    expect(result.stderr).toBe('nanoc: interrupted; nothing was left half-written');
    expect(existsSync(join(folder.path, 'build'))).toBe(false);
    expect(readdirSync(join(folder.path, 'tmp')).filter((name) => name.startsWith('nanoc-build-'))).toEqual([]);
    for (const pid of readFileSync(started, 'utf8').trim().split('\n')) {
      expect(() => process.kill(Number(pid), 0), `process ${pid} still runs`).toThrow('ESRCH');
    }
  });
});
