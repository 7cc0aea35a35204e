/** `nanoc run --photo` and `nanoc build --image`: pictures through the generated front end and a model on simulated cores. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { codesIn, nanoc } from '../support/command-line.js';
import { buildModel } from '../support/onnx-builder.js';
import { workFolder } from '../support/work-folder.js';

/** Sums of red, green and blue over the image, as float scores: the label is the colour that there is most of. */
function colours(form: 'uint8' | 'float32' | 'quantized at once'): Uint8Array {
  const dtype = form === 'uint8' ? 'uint8' : 'float32';
  const scale = { name: 'scale', tensor: { dtype: 'float32' as const, shape: [], data: Float32Array.of(1 / 255) } };
  const zero = { name: 'zero', tensor: { dtype: 'uint8' as const, shape: [], data: Uint8Array.of(0) } };
  const quantized = form !== 'float32';
  const integers = form === 'uint8' ? 'image' : 'integers';
  return buildModel({
    inputs: [{ name: 'image', dtype, shape: [1, 3, 4, 6] }],
    outputs: [{ name: 'scores', dtype: 'float32', shape: [1, 3, 1, 1] }],
    initializers: quantized ? [scale, zero] : [],
    nodes: [
      ...(form === 'quantized at once'
        ? [{ op: 'QuantizeLinear', inputs: ['image', 'scale', 'zero'], outputs: ['integers'] }]
        : []),
      ...(quantized ? [{ op: 'DequantizeLinear', inputs: [integers, 'scale', 'zero'], outputs: ['real'] }] : []),
      { op: 'GlobalAveragePool', inputs: [quantized ? 'real' : 'image'], outputs: ['scores'] },
    ],
  });
}

interface Printed {
  readonly photos: readonly {
    readonly photo: string;
    readonly fitted: boolean;
    readonly label: string;
    readonly score: number;
    readonly instructions?: { readonly image: number; readonly inference: number };
  }[];
}

/** One colour, with a dot of another. */
function picture(width: number, height: number, colour: readonly number[]): Uint8Array {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i < 3 ? 255 : colour[i % 3]!));
  return encode({ width, height, channels: 3, data });
}

describe('pictures', () => {
  const work = workFolder();
  const image = {
    frame: { width: 24, height: 16, format: 'rgb565le' },
    crop: { x: 6, y: 4, width: 12, height: 8 },
    labels: ['red', 'green', 'blue'],
  };

  it.each(['host', 'cortex-m0', 'cortex-m4', 'rv32imc'])(
    '%s: labels, counts, and photos of other sizes',
    async (target) => {
      const model = work.write('colours.onnx', colours(target === 'cortex-m4' ? 'float32' : 'uint8'));
      const spec = work.write('image.json', JSON.stringify(image));
      const green = work.write('green.png', picture(24, 16, [10, 200, 30]));
      const blue = work.write(
        'blue.ppm',
        Buffer.concat([Buffer.from('P6 2 1 255\n'), Uint8Array.of(9, 8, 200, 0, 0, 255)]),
      );
      const result = await nanoc([
        'run',
        model,
        '--target',
        target,
        '--image',
        spec,
        '--photo',
        green,
        '--photo',
        blue,
        '--json',
      ]);
      expect(result.err).toBe('');
      const { photos }: Printed = JSON.parse(result.out);
      expect(photos.map(({ photo, label, fitted }) => [photo, label, fitted])).toEqual([
        ['green.png', 'green', false],
        ['blue.ppm', 'blue', true],
      ]);
      // Five and six bits of 200: 203 by repeating the highest.
      expect(photos[0]!.score).toBeCloseTo(203 / 255, 2);
      for (const { instructions } of photos) {
        if (target === 'host') expect(instructions).toBeUndefined();
        else expect(instructions!.image).toBeGreaterThan(12 * 8);
      }
    },
  );

  it('takes QuantizeLinear of a float input into its table: a byte an element, the same results, equal to ONNX Runtime', async () => {
    const spec = work.write('image.json', JSON.stringify({ ...image, mean: 0.25, std: 0.5 }));
    const photo = work.write('green.png', picture(24, 16, [10, 200, 30]));
    const results = [];
    for (const form of ['uint8', 'quantized at once'] as const) {
      const model = work.write('colours.onnx', colours(form));
      const { out } = await nanoc(['run', model, '--target', 'cortex-m4', '--image', spec, '--photo', photo, '--json']);
      results.push(JSON.parse(out).photos[0]);
    }
    expect(results[1]).toEqual(results[0]);
    const model = work.write('colours.onnx', colours('quantized at once'));
    const output = join(work.path, 'out');
    await nanoc(['build', model, '--target', 'cortex-m4', '--image', spec, '--no-compile', '--output', output]);
    expect(readFileSync(join(output, 'colours.h'), 'utf8')).toContain('uint8_t *colours_input_image(');
    const verified = await nanoc(['verify', model, '--target', 'host', '--image', spec, '--count', '4', '--json']);
    const [result] = JSON.parse(verified.out).results;
    expect([result.passed, result.onnxRuntimeSkipped, result.onnxRuntime.differing]).toEqual([true, undefined, 0]);
  });

  it('shows the label, or the outputs of a model that has none', async () => {
    const model = work.write('colours.onnx', colours('float32'));
    const spec = work.write('image.json', JSON.stringify(image));
    const photo = work.write('red.png', picture(24, 16, [255, 0, 0]));
    const { out } = await nanoc(['run', model, '--target', 'host', '--image', spec, '--photo', photo]);
    expect(out).toMatch(/^red\.png: red \(1\.00\)/);
  });

  it('writes a firmware that takes rows of the camera, and compiles', async () => {
    const model = work.write('colours.onnx', colours('uint8'));
    work.write('image.json', JSON.stringify(image));
    work.write('nanoc.json', JSON.stringify({ model: 'colours.onnx', image: 'image.json', target: 'cortex-m4' }));
    const output = join(work.path, 'firmware');
    const result = await nanoc(['build', model, '--output', output]);
    expect(result.exitCode).toBe(0);
    expect(readFileSync(join(output, 'main.c'), 'utf8')).toContain('while (colours_image_row(&image, row) != 0u);');
    expect(readFileSync(join(output, 'colours.h'), 'utf8')).toContain('--image image.json');
  });

  it('refuses what does not fit together, by name', async () => {
    const model = work.write('colours.onnx', colours('uint8'));
    const codes = async (...args: string[]) => codesIn(await nanoc(['run', model, '--target', 'host', ...args]));
    const spec = work.write('image.json', JSON.stringify(image));
    const photo = work.write('red.png', picture(24, 16, [255, 0, 0]));
    expect(await codes('--photo', photo)).toEqual(['NC0751']);
    expect(await codes('--photo', photo, '--image', join(work.path, 'none.json'))).toEqual(['NC0751']);
    expect(await codes('--photo', photo, '--image', work.write('broken.json', '{'))).toEqual(['NC0751']);
    const misspelt = work.write('misspelt.json', JSON.stringify({ ...image, meen: 0.5 }));
    expect(await codes('--photo', photo, '--image', misspelt)).toEqual(['NC0751']);
    const other = work.write('other.json', JSON.stringify({ ...image, input: 'y' }));
    expect(await codes('--photo', photo, '--image', other)).toEqual(['NC0752']);
    expect(await codes('--photo', join(work.path, 'none.png'), '--image', spec)).toEqual(['NC0753']);
    expect(await codes('--photo', spec, '--image', spec)).toEqual(['NC0753']);
  });
});
