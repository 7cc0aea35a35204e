/** examples/vision: photos through the image front end and the model on simulated cores, what ONNX Runtime says of them, and the firmware. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { checkBudgets } from '../../compiler/cli/budgets.js';
import { loadConfig } from '../../compiler/cli/config.js';
import { readImageFile, readModelFile } from '../../compiler/cli/model-file.js';
import type { Compilation } from '../../compiler/compilation.js';
import { frameOf, readPhoto } from '../../compiler/image/photo.js';
import { imageToInput } from '../../compiler/image/reference.js';
import { compile, emitFiles } from '../../compiler/index.js';
import { makeReport } from '../../compiler/report/index.js';
import { runPhotos } from '../../compiler/simulate/photos.js';
import { compilerVersion } from '../../compiler/toolchain/build.js';
import { measure } from '../../compiler/toolchain/measure.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { largest } from './example.js';
import { HOW_TO_UPDATE, readPart, UPDATE, writePart } from './expected.js';
import { costTable } from './figures.js';
import { HAS_CMAKE, runGenerated } from './firmware.js';

const folder = join(packageRoot(), 'examples/vision');
const readme = join(folder, 'README.md');
/** What is on them; the network has been trained on none. */
const photos = { astronaut: 'face', 'astronaut-suit': 'nothing', cat: 'nothing', coffee: 'nothing' } as const;
const names = Object.keys(photos) as (keyof typeof photos)[];
/** Those that the firmware's camera shows. */
const shown = ['astronaut', 'coffee'] as const;

function vision(target = 'cortex-m4'): Promise<Compilation> {
  const image = readImageFile(join(folder, 'image.json'));
  return compile(readModelFile(join(folder, 'vision.onnx')), { target, image });
}

const frame = ({ image }: Compilation, name: string): Uint8Array =>
  frameOf(image!, readPhoto(name, readFileSync(join(folder, 'photos', `${name}.png`))));

describe('example vision', () => {
  it('was trained to what the README says', () => {
    const training = JSON.parse(readFileSync(join(folder, 'training.json'), 'utf8'));
    expect(training.heldOut).toBe(60);
    expect(training.quantized).toBeGreaterThanOrEqual(0.95);
  });

  it.each(['host', 'cortex-m0', 'cortex-m4', 'rv32imc'])(
    '%s: sees in the photos what ONNX Runtime sees',
    async (target) => {
      const compilation = await vision(target);
      expect(readdirSync(join(folder, 'photos')).sort()).toEqual(names.map((name) => `${name}.png`).sort());
      const frames = names.map((name) => frame(compilation, name));
      const { steps } = await runPhotos(compilation, { frames });
      const session = await InferenceSession.create(compilation.source.bytes as Uint8Array<ArrayBuffer>);
      for (const [index, name] of names.entries()) {
        const input = imageToInput(compilation.image!, frames[index]!, [1, 1, 24, 24]);
        const { probability } = await session.run({
          image: new OrtTensor('int8', input.data as Int8Array, input.shape),
        });
        const got = steps[index]!.outputs.get('probability')!;
        expect(Array.from(got.data as Int8Array), name).toEqual(Array.from(probability!.data as Int8Array));
        expect(compilation.image!.spec.labels![largest(got)], name).toBe(photos[name]);
      }
    },
  );

  it('has normalisation that is an addition', async () => {
    expect((await vision()).image!.maps).toEqual([{ kind: 'offset', offset: -128 }]);
  });

  it('has the frames of its camera, as the photos give them', async () => {
    const compilation = await vision();
    for (const name of shown) {
      const path = join(folder, 'frames', `${name}.rgb565be`);
      const bytes = frame(compilation, name);
      if (UPDATE) {
        mkdirSync(join(folder, 'frames'), { recursive: true });
        writeFileSync(path, bytes);
      }
      expect(Buffer.compare(readFileSync(path), bytes), HOW_TO_UPDATE).toBe(0);
    }
  });

  it('stays within the budgets of its nanoc.json, and states its size and speed in the README', async () => {
    const compilation = await vision();
    const measured = await measure(compilation);
    const { maxRam, maxFlash, maxStack, maxInstructions } = loadConfig(folder)!;
    expect([maxRam, maxFlash, maxStack, maxInstructions]).not.toContain(undefined);
    const limits = { maxRam: maxRam!, maxFlash: maxFlash!, maxStack: maxStack!, maxInstructions: maxInstructions! };
    expect(checkBudgets(limits, makeReport(compilation, measured))).toEqual([]);
    const { steps } = await runPhotos(compilation, { frames: [frame(compilation, 'coffee')] });
    const image = steps[0]!.instructions!.image.toLocaleString('en-US');
    const version = await compilerVersion(compilation.target);
    const front = `The image front end takes ${image} instructions a frame.`;
    const part = `${costTable({ compilation }, measured)}\n${front} Counted with \`${version}\`.\n`;
    if (UPDATE) writePart(readme, 'cost', part);
    if (readPart(readme, 'cost').includes(version)) expect(readPart(readme, 'cost'), HOW_TO_UPDATE).toBe(part);
  });

  it.skipIf(!HAS_CMAKE)('has a firmware that builds without a warning and prints what the README shows', async () => {
    expect(existsSync(join(folder, 'main.c'))).toBe(true);
    const compilation = await vision();
    const { build, serial } = await runGenerated(
      folder,
      'vision_demo',
      compilation.target,
      await emitFiles(compilation),
    );
    expect(build).not.toMatch(/warning/i);
    expect(serial).toMatch(/^astronaut: a face/m);
    expect(serial).toMatch(/^coffee: no face/m);
    const part = `\`\`\`text\n${serial}\`\`\`\n`;
    if (UPDATE) writePart(readme, 'output', part);
    expect(readPart(readme, 'output'), HOW_TO_UPDATE).toBe(part);
  });
});
