/** Wrong functions in a copy of CMSIS-NN: each class of fault is found in the call that meets it, and routed round. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { withBrokenFunction, writeLibrary } from '../../../test/support/broken-library.js';
import { nanoc } from '../../../test/support/command-line.js';
import { ModelSketch, tensor } from '../../../test/support/model-sketch.js';
import { branchModel } from '../../../test/support/quantized-models.js';
import { Random } from '../../../test/support/random.js';
import { simulatedTargets } from '../../../test/support/simulated-targets.js';
import { testedCmsisNn, testedEspNn } from '../../../test/support/vendor-copies.js';
import { workFolder } from '../../../test/support/work-folder.js';
import { type Compilation, compile, type ModelSource } from '../../index.js';
import { onProof } from '../../simulate/proof.js';
import type { Library } from '../../vendor/library.js';
import { defaultVectors } from '../default-vectors.js';
import { verifyModel } from '../verify.js';
import { isVendorCall, proveCalls } from './prove.js';
import { proveAndReplace, type Routed } from './route.js';

const good = await testedCmsisNn();
const CONVOLVE = 'arm_convolve_wrapper_s8';
const folder = workFolder();
afterEach(() => {
  vi.unstubAllEnvs();
});

const bytes = (random: Random, ...shape: number[]) =>
  tensor('int8', shape, ...Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.integer(-127, 127)));

/** x int8 [1,4,6,6]: "even", padded alike on all sides, then "odd", of stride 2 and padded at the end alone. */
function paddedModel(): ModelSource {
  const [random, model] = [new Random(3), new ModelSketch()];
  const conv = (from: string, to: string, attributes: Record<string, number[]>) => {
    model.constant(`${to}_w`, bytes(random, 4, 4, 3, 3));
    const weights = model.dequantize(`${to}_w`, { scale: 0.01, zero: 0 });
    model.node('Conv', [from, weights], `${to}_s`, { kernel_shape: [3, 3], ...attributes });
    model.quantize(`${to}_s`, to, { scale: 0.21, zero: 5 });
    return to;
  };
  model.dequantize(model.input('x', 'int8', 1, 4, 6, 6), { scale: 0.05, zero: 3 });
  const even = model.dequantize(conv('x_f', 'even', { pads: [1, 1, 1, 1] }), { scale: 0.21, zero: 5 });
  model.output(conv(even, 'odd', { strides: [2, 2], pads: [0, 0, 1, 1] }), 'int8');
  return { fileName: 'padded.onnx', bytes: model.bytes() };
}

/** x int8 [2,7] split into two rows, each times a matrix: the second starts at an odd address. */
function rowsModel(): ModelSource {
  const [random, model] = [new Random(5), new ModelSketch()];
  model.dequantize(model.input('x', 'int8', 2, 7), { scale: 0.05, zero: 3 });
  model.constant('sizes', tensor('int64', [2], 1, 1));
  model.nodeWithOutputs('Split', ['x_f', 'sizes'], ['first', 'second'], { axis: 0 });
  for (const row of ['first', 'second']) {
    model.constant(`${row}_w`, bytes(random, 7, 5));
    model.node('MatMul', [row, model.dequantize(`${row}_w`, { scale: 0.01, zero: 0 })], `${row}_s`);
    model.output(model.quantize(`${row}_s`, `${row}_y`, { scale: 0.1, zero: -5 }), 'int8');
  }
  return { fileName: 'rows.onnx', bytes: model.bytes() };
}

const compiled = (source: ModelSource, library: Library, more = {}) =>
  compile(source, { target: 'cortex-m4', kernels: 'cmsis-nn', libraries: [library], ...more });

async function routed(source: ModelSource, library: Library): Promise<Routed> {
  return proveAndReplace(await compiled(source, library), (excluded) => compiled(source, library, { excluded }));
}

async function passes(compilation: Compilation): Promise<boolean> {
  const set = defaultVectors(compilation.reference, { count: 4 });
  return (await verifyModel(compilation, set, { onnxRuntime: 'off' })).passed;
}

/** Whether the calls of vendors' kernels are left where the copy is right, by the output of each layer. */
const familiesOf = ({ compilation }: Routed) =>
  Object.fromEntries(compilation.plan.calls.map(({ node, family }) => [node.name, family]));

describe.skipIf(good === undefined)('single calls with CMSIS-NN', () => {
  it('that are right are proven, and nothing is replaced', async () => {
    const { calls, excluded } = await routed(paddedModel(), good!);
    expect(calls).toMatchObject({ passed: true, replaced: [] });
    expect(calls.calls.map(({ family, verdict }) => [family, verdict])).toEqual([
      ['cmsis-nn', 'proven'],
      ['cmsis-nn', 'proven'],
    ]);
    expect(excluded).toEqual([]);
  });

  it('scratch that is overrun by 3 bytes', async () => {
    const first = await compiled(paddedModel(), good!);
    const call = first.plan.calls.find(({ node }) => node.name.endsWith('even_s'))!;
    // Only the layer of stride 1 does so.
    const after = `    if (conv_params->stride.w == 1) ((int8_t *)ctx->buf)[${call.scratch!.bytes + 2}] ^= 0x11;`;
    const bad = withBrokenFunction(good!, CONVOLVE, { after });
    const result = await routed(paddedModel(), bad);
    expect(result.calls.replaced).toMatchObject([
      {
        kernel: 'nanoc_cmsis_convolve_s8',
        fault: { kind: 'scratch', differing: 3, of: call.scratch!.bytes },
        replacement: { family: 'native', instructions: expect.any(Number) },
      },
    ]);
    expect(result.calls.passed).toBe(true);
    expect(Object.values(familiesOf(result)).filter((family) => family === 'cmsis-nn')).toHaveLength(1);
    const replacement = result.compilation.plan.calls.find(({ node }) => node.name === call.node.name)!;
    expect(replacement.reason).toContain(
      'not nanoc_cmsis_convolve_s8: proven wrong: writes 3 bytes beyond its scratch',
    );
    expect(await passes(result.compilation)).toBe(true);
  });

  it('padding at the end alone that is spread over both sides', async () => {
    const before = [
      '    cmsis_nn_conv_params spread = *conv_params;',
      '    spread.padding.w = ((output_dims->w - 1) * spread.stride.w + filter_dims->w - input_dims->w + 1) / 2;',
      '    conv_params = &spread;',
    ].join('\n');
    const bad = withBrokenFunction(good!, CONVOLVE, { before });
    const wrong = await compiled(paddedModel(), bad);
    expect(await passes(wrong)).toBe(false);
    const result = await routed(paddedModel(), bad);
    expect(result.calls.replaced).toMatchObject([
      { output: wrong.plan.calls.filter(isVendorCall).at(-1)!.node.outputs[0], fault: { kind: 'output' } },
    ]);
    expect(result.calls.replaced[0]!.fault.message).toMatch(
      /\(row \d, column \d, channel \d\) is -?\d+, expected -?\d+; \d+ of 36 elements differ/,
    );
    expect(await passes(result.compilation)).toBe(true);
  });

  it('an input at an odd address that is misread: the other call of the same function is right', async () => {
    const source = rowsModel();
    const [first] = (await compiled(source, good!)).plan.calls.filter(isVendorCall);
    const [name] = first!.vendor!.functions;
    // As kernels do that read words: the bytes round the address.
    const before = '    input -= (uintptr_t)input & 3;';
    const input = name === CONVOLVE ? before.replaceAll('input', 'input_data') : before;
    const bad = withBrokenFunction(good!, name!, { before: input });
    const proofs = await proveCalls(await compiled(source, bad));
    expect(proofs.map(({ output, verdict }) => [output, verdict])).toEqual([
      ['first_y', 'proven'],
      ['second_y', 'wrong'],
    ]);
    // Another kernel for the second moves the first, which is then proven anew where it lies.
    const result = await routed(source, bad);
    expect(result.calls.replaced[0]).toMatchObject({ output: 'second_y', fault: { kind: 'output' } });
    expect(result.calls.calls.map(({ verdict }) => verdict)).toEqual(['proven', 'proven']);
    expect(await passes(result.compilation)).toBe(true);
  });

  it('nanoc verify says which call was wrong, where, and what replaced it; nanoc build leaves it out', async () => {
    const bad = withBrokenFunction(good!, CONVOLVE, {
      after: '    if (conv_params->stride.w == 2) output_data[5] ^= 1;',
    });
    vi.stubEnv('XDG_CACHE_HOME', folder.path);
    const copy = `${folder.path}/CMSIS-NN`;
    writeLibrary(bad, copy);
    const setting = { cwd: folder.path, env: { CMSIS_CORE_PATH: `${copy}/CMSIS-Core` } };
    folder.write('padded.onnx', paddedModel().bytes);
    const options = ['padded.onnx', '--target', 'cortex-m4', '--kernels', 'cmsis-nn', '--cmsis-nn', copy];
    const text = await nanoc(['verify', ...options, '--count', '3'], setting);
    expect(text.err).toBe('');
    expect(text.exitCode).toBe(0);
    expect(text.out).toContain('single calls: 2 of 2 proven\n');
    expect(text.out).toMatch(
      /wrong call replaced: "[^"]*" \(Conv\), nanoc_cmsis_convolve_s8: \S+ \(row 0, column 1, channel 1\) is/,
    );
    expect(text.out).toMatch(/ {2}replaced by nanoc_\w+ \(native\): [\d,]+ instructions instead of [\d,]+\n/);
    expect(text.out).toContain('bit-exact at every layer');
    // From here on builds know it, until they are told to take everything.
    const known = await nanoc(['build', ...options, '--json'], setting);
    const [plain] = JSON.parse(known.out).builds;
    expect(plain.calls.replaced).toMatchObject([{ kernel: 'nanoc_cmsis_convolve_s8', fault: { kind: 'output' } }]);
    expect(plain.diagnostics).toMatchObject([{ code: 'NC0724', severity: 'note' }]);
    expect(plain.report.excluded).toMatchObject([
      { kernel: 'nanoc_cmsis_convolve_s8', instructions: expect.any(Number) },
    ]);
    expect((await nanoc(['run', ...options], setting)).err).toContain('NC0724');
    const unproven = await nanoc(['verify', ...options, '--count', '3', '--prove', 'off'], setting);
    expect(unproven).toMatchObject({ exitCode: 1 });
    const built = await nanoc(['build', ...options, '--prove', 'vendor', '--json'], setting);
    const [{ calls, report }] = JSON.parse(built.out).builds;
    expect(calls).toMatchObject({ passed: true, replaced: [{ kernel: 'nanoc_cmsis_convolve_s8' }] });
    expect(
      report.layers.map(({ family }: { family: string }) => family).filter((f: string) => f === 'cmsis-nn'),
    ).toHaveLength(1);
  });
});

const espNn = await testedEspNn();
const simulated = await simulatedTargets();

describe.skipIf(espNn === undefined)('single calls with ESP-NN', () => {
  const after = '    if (conv_params->stride.width == 2) out_data[5] ^= 1;';
  const forChip = (target: string) => async (library: Library) => {
    const model = (more = {}) =>
      compile(paddedModel(), { target, kernels: 'esp-nn', libraries: [library], ...more }).then(onProof);
    return proveAndReplace(await model(), (excluded) => model({ excluded }));
  };

  it.skipIf(!simulated.includes('rv32imc'))('are proven on the core of an ESP32-C3, wrong ones replaced', async () => {
    const right = await forChip('esp32c3')(espNn!);
    expect(right.calls.calls.map(({ family, verdict }) => [family, verdict])).toEqual([
      ['esp-nn', 'proven'],
      ['esp-nn', 'proven'],
    ]);
    const { calls, compilation } = await forChip('esp32c3')(
      withBrokenFunction(espNn!, 'esp_nn_conv_s8_opt', { after }),
    );
    expect(calls).toMatchObject({
      passed: true,
      calls: [{ kernel: 'nanoc_esp_convolve_s8', verdict: 'proven' }, { verdict: 'proven' }],
      replaced: [
        { output: 'odd__nhwc', kernel: 'nanoc_esp_convolve_s8', fault: { kind: 'output', element: [0, 0, 1, 1] } },
      ],
    });
    expect(await passes(compilation)).toBe(true);
  });

  it.skipIf(!simulated.includes('lx7') || simulated.includes('lx7-pie'))(
    'are not proven for the vectors of an ESP32-S3, wrong ones replaced all the same',
    async () => {
      const { calls } = await forChip('esp32s3')(withBrokenFunction(espNn!, 'esp_nn_conv_s8_opt', { after }));
      const [first, second] = calls.calls;
      expect(first).toMatchObject({
        kernel: 'nanoc_esp_convolve_s8',
        verdict: 'not proven here',
        because: expect.stringContaining('PIE'),
      });
      // Its C twin was right.
      expect(second).toMatchObject({ family: 'native', verdict: 'not proven here' });
      expect(calls.replaced).toMatchObject([{ output: 'odd__nhwc', kernel: 'nanoc_esp_convolve_s8' }]);
    },
  );
});

describe('calls of nanoc', () => {
  it('on a chip are linked for the simulator, in several programs where one is too large, and not at all where one call is', async () => {
    const compilation = await compile(branchModel(), { target: 'rp2040', kernels: 'portable' });
    const proofs = await proveCalls(compilation, { wanted: () => true });
    expect(proofs.filter(({ verdict }) => verdict !== 'proven')).toEqual([]);
    // The second call comes with more than a chip has.
    const [first, second, ...rest] = compilation.plan.calls;
    const scratch = { bytes: 1 << 22, alignment: 16 };
    const plan = { ...compilation.plan, calls: [first!, { ...second!, scratch }, ...rest] };
    const placements = new Map(plan.placements);
    placements.set(`${second!.node.name}#scratch`, {
      ...{ name: `${second!.node.name}#scratch`, kind: 'scratch', region: 'arena' },
      ...{ offset: 0, bytes: scratch.bytes, live: [1, 1] },
    });
    const large = await proveCalls({ ...compilation, plan: { ...plan, placements } }, { wanted: () => true });
    expect(large.map(({ verdict }) => verdict)).toEqual(
      plan.calls.map((_, step) => (step === 1 ? 'not proven here' : 'proven')),
    );
  });

  it('that are wrong with every kernel stay, and the proof fails', async () => {
    const tampered = async (more = {}) => {
      const compilation = await compile(branchModel(), { target: 'cortex-m4', ...more });
      const calls = compilation.plan.calls.map((call) => {
        if (call.node.outputs[0] !== output) return call;
        return { ...call, node: { ...call.node, attributes: { ...call.node.attributes, clamp: [-1, 1] } } };
      });
      return { ...compilation, plan: { ...compilation.plan, calls } };
    };
    const { plan } = await compile(branchModel(), { target: 'cortex-m4' });
    const first = plan.calls.find(({ node }) => node.op === 'Conv')!;
    const output = first.node.outputs[0];
    const { calls } = await proveAndReplace(await tampered(), (excluded) => tampered({ excluded }), { which: 'all' });
    expect(calls.passed).toBe(false);
    expect(calls.replaced[0]).toMatchObject({ output, kernel: first.function });
    const wrong = calls.calls.filter(({ verdict }) => verdict === 'wrong');
    expect(wrong).toMatchObject([{ output, family: 'portable', kernel: 'nanoc_conv_s8' }]);
  });

  it('all are proven where that is asked for; a broken one names the element', async () => {
    const compilation = await compile(branchModel(), { target: 'cortex-m4' });
    const proofs = await proveCalls(compilation, { wanted: () => true });
    expect(proofs).toHaveLength(compilation.plan.calls.length);
    expect(proofs.filter(({ verdict }) => verdict !== 'proven')).toEqual([]);
    const [conv] = compilation.plan.calls.filter(({ node }) => node.op === 'Conv');
    // Constants of one layer under another one's name.
    const other = compilation.plan.calls.filter(({ node }) => node.op === 'Conv')[1]!;
    const node = { ...other.node, attributes: { ...other.node.attributes, clamp: [-1, 1] } };
    const plan = { ...compilation.plan, calls: [conv!, { ...other, node }] };
    const [right, wrong] = await proveCalls({ ...compilation, plan }, { wanted: () => true });
    expect(right).toMatchObject({ verdict: 'proven' });
    expect(wrong).toMatchObject({ verdict: 'wrong', fault: { kind: 'output', vector: 'all minimum' } });
  });

  it('without a copy of the library a call is not proven here', async () => {
    const library = good;
    if (library === undefined) return;
    const compilation = await compiled(paddedModel(), library);
    const without = { ...compilation, options: { ...compilation.options, libraries: [] } };
    const proofs = await proveCalls(without);
    expect(proofs.map(({ verdict }) => verdict)).toEqual(['not proven here', 'not proven here']);
  });
});
