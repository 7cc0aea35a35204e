import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { commands } from '../../compiler/cli/commands/index.js';
import { reportFailure } from '../../compiler/cli/failure.js';
import { withProgress } from '../../compiler/cli/progress.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { writeNpy } from '../../compiler/verify/npy.js';
import { codesIn, nanoc, recordingTerminal } from '../support/command-line.js';
import { smallModelBytes } from '../support/small-model.js';
import { workFolder } from '../support/work-folder.js';

const folder = workFolder();
const inFolder = (...args: string[]) => nanoc(args, { cwd: folder.path });
const small = () => folder.write('small.onnx', smallModelBytes());

describe('help', () => {
  it.each(commands.map(({ name }) => name))('%s --help shows an example, --json and --quiet', async (name) => {
    const result = await nanoc([name, '--help']);
    expect(result).toMatchObject({ exitCode: 0, err: '' });
    expect(result.out).toContain(`\nExample:\n  $ nanoc ${name}`);
    expect(result.out).toMatch(/--json .*\n/);
    expect(result.out).toContain('--quiet');
  });

  it('every example is parsed: its options exist', async () => {
    for (const { examples } of commands) {
      for (const example of examples) {
        const [program, name, ...args] = example.replace(/ > .*/, '').split(' ');
        expect(program).toBe('nanoc');
        // --help wins over the action, but not over an option that does not exist.
        expect(await nanoc([name!, ...args, '--help'])).toMatchObject({ exitCode: 0 });
      }
    }
  });

  it('without a command: the list, and wrong use', async () => {
    const result = await nanoc([]);
    expect(result.exitCode).toBe(2);
    expect(result.out).toContain('build [options] [models...]');
  });

  it('--version', async () => {
    const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
    expect(await nanoc(['--version'])).toEqual({ exitCode: 0, out: `${version}\n`, err: '' });
  });
});

describe('wrong use', () => {
  it.each<[string[], string]>([
    [['biuld'], 'did you mean build?'],
    [['build', '--tagret', 'host'], 'did you mean --target?'],
    [['build', '--target'], 'argument missing'],
    [['build', '--kernels', 'fast'], 'Allowed choices are auto'],
    [['build', '--dim', 'batch'], 'batch=1'],
    [['build', '--dim', 'batch=0'], 'batch=1'],
    [['build', '--max-ram', 'little'], '64K'],
    [['verify', '--count', '0'], 'from 1 up'],
    [['verify', '--count', '1e3'], 'from 1 up'],
    [['init'], 'missing required argument'],
    [['ops', 'extra'], 'too many arguments'],
  ])('%j: %s', async (args, text) => {
    const result = await nanoc(args);
    expect(result.exitCode).toBe(2);
    expect(codesIn(result)).toEqual(['NC0801']);
    expect(result.err).toContain(text);
    expect(result.out).toBe('');
  });

  it.each<[string[], string]>([
    [['build', 'missing.onnx', '--target', 'host'], 'NC0802'],
    [['build', '--target', 'host'], 'NC0802'],
    [['build', 'small.onnx'], 'NC0804'],
    [['run', 'small.onnx', '--target', 'host,cortex-m0'], 'NC0804'],
    [['build', 'small.onnx', '--target', 'cortex-m5'], 'NC0810'],
    [['doctor', '--target', 'z80'], 'NC0810'],
    [['explain', 'NC9999'], 'NC0805'],
    [['print', 'small.onnx', '--after', '3-rewrite:lift-qqd'], 'NC0806'],
  ])('%j: %s', async (args, code) => {
    small();
    const result = await inFolder(...args);
    expect(result.exitCode).toBe(2);
    expect(codesIn(result)).toEqual([code]);
  });

  it('with --json is a document', async () => {
    const result = await nanoc(['build', 'missing.onnx', '--target', 'host', '--json']);
    expect(JSON.parse(result.out)).toMatchObject({
      ok: false,
      exitCode: 2,
      diagnostics: [{ code: 'NC0802', severity: 'error' }],
    });
    expect(result.err).toBe('');
  });
});

describe('build', () => {
  it('writes the folder build/<model>/<target> and prints the sizes', async () => {
    small();
    const result = await inFolder('build', 'small.onnx', '--target', 'cortex-m4');
    expect(result.err).toBe('');
    expect(result.exitCode).toBe(0);
    expect(result.out).toMatch(/instructions +[\d,]+ per inference/);
    expect(result.out).toContain('the lower bound');
    expect(result.out).toMatch(/wrote build\/small\/cortex-m4 \(\d+ files\)/);
    const output = join(folder.path, 'build/small/cortex-m4');
    const files = readdirSync(output);
    for (const name of [
      'small.h',
      'small.c',
      'small.elf',
      'small.ts',
      'CMakeLists.txt',
      'plan.json',
      'report.json',
      'report.html',
      'nanoc.lock',
    ]) {
      expect(files).toContain(name);
    }
    const report = JSON.parse(readFileSync(join(output, 'report.json'), 'utf8'));
    expect(report.measurements.flash).toBeGreaterThan(200);
    expect(JSON.parse(readFileSync(join(output, 'nanoc.lock'), 'utf8')).toolchain.compiler).toBe('arm-none-eabi-gcc');
    expect(statSync(output).mode & 0o777).toBe(0o777 & ~process.umask());
    expect(readdirSync(join(folder.path, 'build/small'))).toEqual(['cortex-m4']);
  });

  it('--no-compile writes the C and needs no compiler', async () => {
    small();
    const result = await nanoc(['build', 'small.onnx', '--target', 'host', '--no-compile', '--output', 'out'], {
      cwd: folder.path,
    });
    expect(result.exitCode).toBe(0);
    expect(existsSync(join(folder.path, 'out/small.c'))).toBe(true);
    expect(existsSync(join(folder.path, 'out/small'))).toBe(false);
  });

  it('--quiet prints nothing, --json one document', async () => {
    small();
    expect(await inFolder('build', 'small.onnx', '--target', 'host', '--no-compile', '--quiet')).toEqual({
      exitCode: 0,
      out: '',
      err: '',
    });
    const { out } = await inFolder('build', 'small.onnx', '--target', 'host', '--no-compile', '--json');
    const document = JSON.parse(out);
    expect(document).toMatchObject({
      ok: true,
      builds: [{ target: 'host', folder: join(folder.path, 'build/small/host') }],
    });
    expect(document.builds[0].files).toContain('small.c');
  });

  it('several targets get a folder each', async () => {
    small();
    await inFolder(
      'build',
      'small.onnx',
      '--target',
      'host,cortex-m0',
      '--target',
      'cortex-m3',
      '--no-compile',
      '--output',
      'out',
    );
    expect(readdirSync(join(folder.path, 'out')).sort()).toEqual(['cortex-m0', 'cortex-m3', 'host']);
  });

  it('does not replace a folder of someone else without --force', async () => {
    small();
    const result = await inFolder('build', 'small.onnx', '--target', 'host', '--no-compile', '--output', '.');
    expect(result.exitCode).toBe(2);
    expect(codesIn(result)).toEqual(['NC0502']);
    expect(readdirSync(folder.path)).toEqual(['small.onnx']);
  });

  it('has the given prefix', async () => {
    small();
    await inFolder('build', 'small.onnx', '--target', 'host', '--no-compile', '--output', 'out', '--name', 'kws');
    expect(readFileSync(join(folder.path, 'out/kws.h'), 'utf8')).toContain('kws_invoke');
  });
});

describe('budgets', () => {
  it('exceeded: exit code 1, by how much, and what is alive at the peak', async () => {
    small();
    const result = await inFolder(
      'build',
      'small.onnx',
      '--target',
      'cortex-m4',
      '--max-ram',
      '50',
      '--max-flash',
      '10',
      '--max-stack',
      '1',
      '--max-instructions',
      '100',
      '--quiet',
    );
    expect(result.exitCode).toBe(1);
    expect(codesIn(result)).toEqual(['NC0401', 'NC0401', 'NC0401', 'NC0401']);
    expect(result.err).toMatch(/RAM: \d+ bytes over the budget of cortex-m4/);
    expect(result.err).toMatch(/maxRam 50, got \d+/);
    expect(result.err).toMatch(/the largest live set is \d+ bytes at step \d of \d, "conv"/);
    expect(existsSync(join(folder.path, 'build/small/cortex-m4/small.elf'))).toBe(true);
  });

  it('kept: exit code 0', async () => {
    small();
    const result = await inFolder(
      'build',
      'small.onnx',
      '--target',
      'cortex-m4',
      '--max-ram',
      '2K',
      '--max-flash',
      '1M',
      '--max-stack',
      '1K',
      '--max-instructions',
      '1M',
    );
    expect(result).toMatchObject({ exitCode: 0, err: '' });
  });

  it('that cannot be checked are named; RAM always can', async () => {
    small();
    const limits = ['--max-ram', '2', '--max-flash', '1M', '--max-instructions', '1M'];
    const result = await inFolder('build', 'small.onnx', '--target', 'host', '--no-compile', ...limits);
    expect(result.exitCode).toBe(1);
    expect(codesIn(result)).toEqual(['NC0401', 'NC0402', 'NC0402']);
  });
});

describe('a model that is too large', () => {
  it('is refused before the C compiler runs: exit code 1, and what needs the memory', async () => {
    // 2^17 times 2x5x5 bytes are more than the 4 MiB of the simulated board.
    folder.write('wide.onnx', smallModelBytes({ inputs: [{ name: 'x', dtype: 'int8', shape: [2 ** 17, 2, 5, 5] }] }));
    const result = await inFolder('build', 'wide.onnx', '--target', 'cortex-m4');
    expect(result.exitCode).toBe(1);
    expect(codesIn(result)).toEqual(['NC0403']);
    expect(result.err).toMatch(/of RAM\n {3}expected {2}at most 4,194,304/);
    expect(readdirSync(folder.path)).toEqual(['wide.onnx']);
  });
});

describe('nanoc.json', () => {
  it('gives the model, the target, the name and the folder', async () => {
    small();
    folder.write(
      'nanoc.json',
      JSON.stringify({ model: 'small.onnx', target: 'host', name: 'mine', output: 'firmware', maxRam: '1 MB' }),
    );
    expect((await inFolder('build', '--no-compile')).exitCode).toBe(0);
    expect(readdirSync(join(folder.path, 'firmware'))).toContain('mine.h');
  });

  it('is found when the folder is named', async () => {
    small();
    folder.write('nanoc.json', JSON.stringify({ model: 'small.onnx', target: 'host' }));
    const result = await nanoc(['plan', folder.path, '--json']);
    expect(JSON.parse(result.out)).toMatchObject({ ok: true, plan: { model: 'small', target: 'host' } });
  });

  it('the command line wins', async () => {
    small();
    folder.write('nanoc.json', JSON.stringify({ target: 'cortex-m4', name: 'json', maxRam: 1 }));
    const args = [
      'build',
      'small.onnx',
      '--no-compile',
      '--json',
      '--target',
      'host',
      '--name',
      'line',
      '--max-ram',
      '1M',
    ];
    const result = await inFolder(...args);
    expect(result.exitCode).toBe(0);
    expect(JSON.parse(result.out).builds[0].report).toMatchObject({
      model: { name: 'line' },
      target: { name: 'host' },
    });
  });

  it('of another model is not taken', async () => {
    small();
    folder.write('nanoc.json', JSON.stringify({ model: 'other.onnx', target: 'host' }));
    expect(codesIn(await inFolder('build', 'small.onnx'))).toEqual(['NC0804']);
  });

  it('with a fault ends the command', async () => {
    small();
    folder.write('nanoc.json', JSON.stringify({ target: 'host', maxRamm: 1 }));
    const result = await inFolder('build', 'small.onnx');
    expect(result.exitCode).toBe(2);
    expect(result.err).toContain('did you mean "maxRam"?');
  });

  it('is written by init, and taken by the next command', async () => {
    small();
    expect(await inFolder('init', 'small.onnx', '--target', 'host', '--max-ram', '1K')).toMatchObject({
      exitCode: 0,
      err: '',
    });
    expect(JSON.parse(readFileSync(join(folder.path, 'nanoc.json'), 'utf8'))).toEqual({
      model: 'small.onnx',
      target: 'host',
      maxRam: 1024,
    });
    expect((await inFolder('plan')).exitCode).toBe(0);
    expect(codesIn(await inFolder('init', 'small.onnx'))).toEqual(['NC0503']);
    expect((await inFolder('init', 'small.onnx', '--force')).exitCode).toBe(0);
  });
});

describe('run', () => {
  it('prints outputs as stored and as real numbers', async () => {
    small();
    const data = new Int8Array(50).fill(-3);
    folder.write('zeros.bin', new Uint8Array(data.buffer));
    const result = await inFolder('run', 'small.onnx', '--target', 'host', '--input', 'zeros.bin', '--json');
    expect(result.exitCode).toBe(0);
    const y = JSON.parse(result.out).steps[0].outputs.y;
    // Real zero everywhere: the bias alone, -500, 0 and 700 at 0.0005, clamped at 0, in units of 0.04.
    expect(y.data.map((q: number) => q + 128)).toEqual([...Array(18).fill(0), ...Array(9).fill(9)]);
    expect(y.real[26]).toBeCloseTo(0.36, 6);
    const text = await inFolder('run', 'small.onnx', '--target', 'host', '--input', 'zeros.bin');
    expect(text.out).toContain('y  int8[1,3,3,3]');
    expect(text.out).toMatch(/real {4}0 0 0/);
  });

  it('gives the same outputs on a core as on the host, with instructions', async () => {
    small();
    const steps = async (target: string) =>
      JSON.parse((await inFolder('run', 'small.onnx', '--target', target, '--count', '3', '--json')).out).steps;
    const [host, core] = [await steps('host'), await steps('cortex-m3')];
    expect(core.map(({ outputs }: { outputs: unknown }) => outputs)).toEqual(
      host.map(({ outputs }: { outputs: unknown }) => outputs),
    );
    expect(core[0].instructions).toBeGreaterThan(1000);
    expect(host[0].instructions).toBeUndefined();
  });

  it.each(['run --profile', 'profile'])('%s counts each layer', async (words) => {
    small();
    const result = await inFolder(...words.split(' '), 'small.onnx', '--target', 'cortex-m4');
    expect(result.exitCode).toBe(0);
    expect(result.out).toMatch(/\d {2}Conv +\S+ +486 +[\d,]+ +[\d.]+ +\d+\.\d % +conv\n/);
  });
});

describe('verify', () => {
  it('says bit-exact for each target, and writes JUnit', async () => {
    small();
    const result = await inFolder(
      'verify',
      'small.onnx',
      '--target',
      'host,cortex-m0',
      '--count',
      '3',
      '--junit',
      'result.xml',
      '--strict',
    );
    expect(result).toMatchObject({ exitCode: 0, err: '' });
    expect(result.out).toContain('host: bit-exact at every layer (3 vectors, host)');
    expect(result.out).toContain('cortex-m0: bit-exact at every layer (3 vectors, QEMU');
    const xml = readFileSync(join(folder.path, 'result.xml'), 'utf8');
    expect(xml).toContain('<testsuite name="nanoc verify small.onnx"');
    expect(xml).toContain('name="cortex-m0: ');
    expect(xml).toContain('failures="0"');
  });

  it('--json is the whole result', async () => {
    small();
    const { out, exitCode } = await inFolder('verify', 'small.onnx', '--target', 'host', '--count', '2', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, results: [{ passed: true, target: 'host', vectors: 2 }] });
  });

  it('--strict fails where outputs in the vectors are not those of the reference', async () => {
    small();
    const npy = (shape: number[], fill: number) => {
      const data = new Int8Array(shape.reduce((a, b) => a * b)).fill(fill);
      return writeNpy({ dtype: 'int8', shape, data });
    };
    folder.write('v.npz', zipSync({ 'x.npy': npy([1, 2, 5, 5], -3), 'y.npy': npy([1, 3, 3, 3], 5) }));
    const args = ['verify', 'small.onnx', '--target', 'host', '--vectors', 'v.npz'];
    expect((await inFolder(...args)).exitCode).toBe(0);
    const strict = await inFolder(...args, '--strict', '--quiet');
    expect(strict.exitCode).toBe(1);
    expect(strict.out).toContain('differ');
  });
});

describe('inspect, plan, print', () => {
  it('inspect shows tensors, quantization, MACs and parameters', async () => {
    small();
    const { out } = await inFolder('inspect', 'small.onnx');
    expect(out).toMatch(/MACs +486\n/);
    expect(out).toMatch(/parameters +57 \(66 bytes as stored\)/);
    expect(out).toMatch(/input {3}x +int8\[1,2,5,5\] +scale 0.05\d*, zero point -3/);
    expect(JSON.parse((await inFolder('inspect', 'small.onnx', '--json')).out)).toMatchObject({
      ok: true,
      macs: 486,
      nodes: 6,
    });
  });

  it('inspect shows what it understood of a model that does not compile, with exit code 2', async () => {
    folder.write('odd.onnx', smallModelBytes({ nodes: [{ op: 'Wavelet', inputs: ['x'], outputs: ['y'] }] }));
    const result = await inFolder('inspect', 'odd.onnx');
    expect(result.exitCode).toBe(2);
    expect(result.out).toMatch(/Wavelet +1 +not supported/);
    expect(codesIn(result)).toEqual(['NC0201']);
  });

  it('plan shows the arena, its bound and the peak', async () => {
    small();
    const { out } = await inFolder('plan', 'small.onnx', '--target', 'cortex-m4');
    expect(out).toMatch(/arena +\d+ bytes, equal to the lower bound/);
    expect(out).toContain('alive at the peak');
  });

  it.each([
    ['1-import', 'DequantizeLinear(%x, const'],
    ['2-check', '%y int8[1,3,3,3] = QuantizeLinear'],
    ['3-rewrite:reference', '= Conv(%x'],
    ['3-rewrite:lift-qdq', '= Conv(%x'],
    ['3-rewrite', 'layout: NHWC'],
    ['3-rewrite:remove-no-ops#2', 'graph small'],
    ['4-lower', '486 macs'],
    ['5-plan', 'arena['],
  ])('print --after %s', async (stage, text) => {
    small();
    const result = await inFolder('print', 'small.onnx', '--after', stage);
    expect(result).toMatchObject({ exitCode: 0, err: '' });
    expect(result.out).toContain(text);
  });

  it('print shows the stages before the one that fails', async () => {
    folder.write('odd.onnx', smallModelBytes({ nodes: [{ op: 'Wavelet', inputs: ['x'], outputs: ['y'] }] }));
    expect((await inFolder('print', 'odd.onnx', '--after', '1-import')).out).toContain('Wavelet(%x)');
    expect(codesIn(await inFolder('print', 'odd.onnx', '--after', '2-check'))).toEqual(['NC0201']);
  });
});

describe('ops, targets, doctor, explain', () => {
  it('docs/OPERATORS.md is what nanoc ops --markdown prints (write it again when this fails)', async () => {
    const { out } = await nanoc(['ops', '--markdown']);
    expect(readFileSync(join(packageRoot(), 'docs/OPERATORS.md'), 'utf8')).toBe(out);
  });

  it('ops lists each operator once', async () => {
    const { operators } = JSON.parse((await nanoc(['ops', '--json'])).out);
    const titles = operators.map(({ title }: { title: string }) => title);
    expect(titles).toContain('Conv');
    expect(titles).toContain('com.microsoft.QLinearAdd');
    expect(new Set(titles).size).toBe(titles.length);
    expect((await nanoc(['ops'])).out).toContain('Conv');
  });

  it('targets', async () => {
    expect((await nanoc(['targets'])).out).toMatch(/cortex-m4 +.*arm-none-eabi-gcc +QEMU mps2-an386/);
  });

  it('doctor finds the host compiler, and says how to install what is missing', async () => {
    const host = await nanoc(['doctor', '--target', 'host', '--json']);
    expect(JSON.parse(host.out).tools[0]).toMatchObject({ name: 'cc', version: expect.stringMatching(/^\d+\./) });
    const path = process.env.PATH;
    process.env.PATH = folder.path;
    try {
      const result = await nanoc(['doctor', '--target', 'cortex-m4']);
      expect(result.exitCode).toBe(3);
      expect(result.out).toContain(
        'install arm-none-eabi-gcc: sudo apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi',
      );
      expect(result.out).toContain('install qemu-system-arm: sudo apt-get install qemu-system-arm');
    } finally {
      process.env.PATH = path;
    }
  });

  it.each(['NC0203', 'nc0203', '0203'])('explain %s', async (code) => {
    const result = await nanoc(['explain', code]);
    expect(result).toMatchObject({ exitCode: 0, err: '' });
    expect(result.out).toMatch(/^NC0203: a graph output is written by no node\n\n/);
  });

  it('explain prints every page', async () => {
    const { codes } = JSON.parse((await nanoc(['explain', '--json'])).out);
    for (const { code, title } of codes)
      expect((await nanoc(['explain', code])).out).toContain(`${code}: ${title}\n\n`);
  });
});

describe('the terminal', () => {
  it('gets colour where it is one, no control codes elsewhere', async () => {
    const args = ['targets'];
    expect((await nanoc(args, { color: true })).out).toContain('\u001b[1m');
    expect((await nanoc(args)).out).not.toContain('\u001b');
  });

  it('progress is drawn after a second, erased at the end, and only for people', async () => {
    const slow = (interactive: boolean, quiet = false) => {
      const { terminal, written } = recordingTerminal({ interactive });
      return withProgress({ terminal, json: false, quiet }, 'compiling', async (update) => {
        await setTimeout(1100);
        update('linking');
      }).then(written);
    };
    const [watched, piped, quiet] = await Promise.all([slow(true), slow(false), slow(true, true)]);
    expect(watched).toEqual({ out: '', err: '\r\u001b[2Kcompiling ...\r\u001b[2Klinking ...\r\u001b[2K' });
    expect([piped.err, quiet.err]).toEqual(['', '']);
  });
});

describe('defects of nanoc', () => {
  const report = async (env: Record<string, string>, json = false) => {
    const { terminal, written } = recordingTerminal({ env });
    const exitCode = await reportFailure(new TypeError('x is not a function'), terminal, json);
    return { exitCode, ...written() };
  };

  it('end with exit code 4, a message, a way to report, and no stack', async () => {
    const { exitCode, out, err } = await report({});
    expect(exitCode).toBe(4);
    expect(out).toBe('');
    expect(err).toMatch(
      /^error\[NC0901\]: nanoc has a defect\n {3}because {3}x is not a function\nhelp: please report it/,
    );
    expect(err).not.toContain('    at ');
  });

  it('show where they happened with NANOC_DEBUG', async () => {
    expect((await report({ NANOC_DEBUG: '1' })).err).toContain('    at ');
  });

  it('are a document with --json', async () => {
    const { out } = await report({}, true);
    expect(JSON.parse(out)).toMatchObject({
      schemaVersion: 1,
      ok: false,
      exitCode: 4,
      diagnostics: [{ code: 'NC0901' }],
    });
  });
});

describe('--json', () => {
  it.each([
    ['targets'],
    ['ops'],
    ['doctor', '--target', 'host'],
    ['explain'],
    ['explain', 'NC0101'],
    ['inspect', 'small.onnx'],
    ['print', 'small.onnx'],
    ['plan', 'small.onnx', '--target', 'host'],
    ['run', 'small.onnx', '--target', 'host'],
    ['profile', 'small.onnx', '--target', 'cortex-m4'],
    ['verify', 'small.onnx', '--target', 'host', '--count', '1'],
    ['build', 'small.onnx', '--target', 'host', '--no-compile'],
    ['init', 'small.onnx'],
  ])('%s %s %s', async (...args) => {
    small();
    const { exitCode, out, err } = await inFolder(...args, '--json');
    expect([exitCode, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toMatchObject({ schemaVersion: 1, ok: true });
  });
});
