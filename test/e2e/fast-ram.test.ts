/** `--fast-ram`: constants that are copied into RAM before main(), within the budget, and the same bytes come out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile, emitFiles } from '../../compiler/index.js';
import { makeReport } from '../../compiler/report/index.js';
import { loadTarget } from '../../compiler/targets.js';
import { buildFirmware } from '../../compiler/toolchain/build.js';
import { programSizes, readElf } from '../../compiler/toolchain/elf.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { defaultVectors } from '../../compiler/verify/default-vectors.js';
import { verifyModel } from '../../compiler/verify/verify.js';
import { workFolder } from '../support/work-folder.js';

const folder = workFolder();

const source = {
  fileName: 'digits.onnx',
  bytes: new Uint8Array(readFileSync(join(packageRoot(), 'examples/digits/digits.onnx'))),
};

/** Addresses of the model's constants in the linked firmware. */
async function firmware(target: string, fastRam?: number) {
  const compilation = await compile(source, { target, ...(fastRam === undefined ? {} : { fastRam }) });
  const directory = join(folder.path, `${target}-${fastRam}`);
  const loaded = await loadTarget(target);
  const { program } = await buildFirmware({ files: await emitFiles(compilation), target: loaded, directory });
  const elf = readElf(readFileSync(program));
  const ram = loaded.memories.find(({ kind }) => kind === 'ram')!;
  const constants = elf.symbols.filter(
    ({ name, bytes }) => /^digits_.*(weights|scale|bias|table)/.test(name) && bytes > 0,
  );
  const inRam = constants.filter(({ address }) => address >= ram.origin && address < ram.origin + ram.bytes);
  return { compilation, constants, inRam, sizes: programSizes(elf) };
}

describe('--fast-ram', () => {
  it.each(['cortex-m4', 'rv32imc'])('%s: the linked program has them in RAM, as the report says', async (target) => {
    const none = await firmware(target);
    expect(none.inRam).toEqual([]);
    const some = await firmware(target, 2048);
    const { bytes, share } = makeReport(some.compilation).memory.fast!;
    const linked = some.inRam.reduce((sum, symbol) => sum + symbol.bytes, 0);
    expect(linked).toBeGreaterThan(0);
    expect(linked).toBeLessThanOrEqual(bytes);
    expect(bytes).toBeLessThanOrEqual(2048);
    expect(some.inRam.length).toBeLessThan(some.constants.length);
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
    const grown = some.sizes.ram - none.sizes.ram;
    expect(grown).toBeGreaterThanOrEqual(linked);
    expect(grown).toBeLessThanOrEqual(bytes + 16);

    const vectors = defaultVectors(some.compilation.reference, { count: 2 });
    expect((await verifyModel(some.compilation, vectors, { onnxRuntime: 'off' })).passed).toBe(true);
  });

  it('takes everything where there is room', async () => {
    const all = await firmware('cortex-m4', 1 << 20);
    expect(all.inRam.length).toBe(all.constants.length);
    expect(makeReport(all.compilation).memory.fast!.share).toBe(1);
  });
});
