/** The image front end: its reference against a definition in float64, its C against the reference on several targets. */
import { describe, expect, it } from 'vitest';
import type { Resize } from '../../compiler/image/axis.js';
import { bytesPerPixel, channelsOf, PIXEL_FORMATS, type PixelFormat } from '../../compiler/image/pixel-format.js';
import { type ImagePlan, planImage } from '../../compiler/image/plan.js';
import { imageToInput } from '../../compiler/image/reference.js';
import { type ImageSpec, RESIZES } from '../../compiler/image/schema.js';
import type { Graph, Quantization } from '../../compiler/ir/graph.js';
import { bytesOf, type DataType } from '../../compiler/ir/tensor.js';
import { Random } from '../support/random.js';
import { type ImageCase, runImageCases } from './image-program.js';

interface Input {
  readonly shape: readonly number[];
  readonly dtype?: DataType;
  readonly quantization?: Quantization;
}

/** A graph of which only the input matters. */
function graphOf({ shape, dtype = 'int8', quantization }: Input): Graph {
  const value = { name: 'x', dtype, shape, ...(quantization === undefined ? {} : { quantization }) };
  return {
    name: 'g',
    inputs: ['x'],
    outputs: [],
    values: new Map([['x', value]]),
    nodes: [],
    opsets: new Map([['', 17]]),
    states: [],
  };
}

const plan = (input: Input, spec: ImageSpec): ImagePlan => planImage(graphOf(input), spec);

function randomFrame({ frame }: ImagePlan, random: Random): Uint8Array {
  const bytes = frame.width * frame.height * bytesPerPixel(frame.format);
  return Uint8Array.from({ length: bytes }, () => random.integer(0, 255));
}

const scale = (numerator: number): Quantization => ({ scale: [Math.fround(numerator / 255)], zeroPoint: [-7] });

/** Odd sizes, up and down, 1x1, crops at every edge, every format, layout, type and kind of map. */
const shapes: readonly [
  frame: readonly [number, number],
  crop: readonly [number, number, number, number],
  to: readonly [number, number],
][] = [
  [
    [13, 11],
    [0, 0, 13, 11],
    [5, 4],
  ],
  [
    [13, 11],
    [0, 0, 13, 11],
    [13, 11],
  ],
  [
    [7, 5],
    [0, 0, 7, 5],
    [23, 17],
  ],
  [
    [31, 2],
    [0, 0, 31, 2],
    [4, 9],
  ],
  [
    [16, 12],
    [0, 0, 16, 12],
    [8, 4],
  ],
  [
    [1, 1],
    [0, 0, 1, 1],
    [3, 3],
  ],
  [
    [9, 9],
    [8, 8, 1, 1],
    [1, 1],
  ],
  [
    [9, 8],
    [0, 0, 9, 8],
    [1, 1],
  ],
  [
    [20, 15],
    [13, 0, 7, 9],
    [3, 5],
  ],
  [
    [20, 15],
    [0, 7, 20, 8],
    [6, 6],
  ],
  [
    [6, 40],
    [5, 3, 1, 37],
    [2, 5],
  ],
  [
    [160, 120],
    [20, 0, 120, 120],
    [24, 24],
  ],
];

function cases(): ImageCase[] {
  const random = new Random(3);
  return RESIZES.flatMap((resize) =>
    shapes.map(([[width, height], [x, y, cropWidth, cropHeight], [toWidth, toHeight]], index) => {
      const format = PIXEL_FORMATS[(index + resize.length) % PIXEL_FORMATS.length]!;
      const dtype = (['int8', 'uint8', 'float32'] as const)[(index + resize.length) % 3]!;
      const channels = index % 2 === 0 ? 3 : 1;
      const shape = index % 4 < 2 ? [1, channels, toHeight, toWidth] : [1, toHeight, toWidth, channels];
      const normalized = index % 3 !== 1;
      const spec: ImageSpec = {
        frame: { width, height, format },
        crop: { x, y, width: cropWidth, height: cropHeight },
        resize,
        ...(index % 4 < 2 ? {} : { layout: 'NHWC' as const }),
        ...(normalized ? { mean: channels === 3 ? [0.485, 0.456, 0.406] : 0.45, std: 0.226 } : {}),
      };
      const quantization = dtype === 'float32' ? {} : { quantization: scale(dtype === 'int8' ? 5 : 4.2) };
      const made = plan({ shape, dtype, ...quantization }, spec);
      return { plan: made, frame: randomFrame(made, random) };
    }),
  );
}

/** Weight of input sample `index` for output sample `at`, in float64, by the definition in words of docs/VISION.md. */
function weight(resize: Resize, from: number, to: number, at: number, index: number): number {
  const middle = ((at + 0.5) * from) / to;
  if (resize === 'nearest') return index === Math.floor(middle) ? 1 : 0;
  if (resize === 'bilinear') {
    const place = Math.min(Math.max(middle - 0.5, 0), from - 1);
    return Math.max(0, 1 - Math.abs(place - index));
  }
  const [start, end] = [(at * from) / to, ((at + 1) * from) / to];
  return Math.max(0, Math.min(end, index + 1) - Math.max(start, index)) / (end - start);
}

/** The resized channel before it is rounded. */
function resized({ resize, rows, columns, frame, crop, channels }: ImagePlan, bytes: Uint8Array, c: number): number[] {
  const pixels = Array.from({ length: crop.width * crop.height }, (_, i) => {
    const [x, y] = [crop.x + (i % crop.width), crop.y + Math.floor(i / crop.width)];
    return channelsOf(frame.format, bytes, (y * frame.width + x) * bytesPerPixel(frame.format), channels)[c]!;
  });
  return Array.from({ length: rows.output * columns.output }, (_, at) => {
    const [column, row] = [at % columns.output, Math.floor(at / columns.output)];
    let sum = 0;
    for (let y = 0; y < crop.height; y += 1) {
      const down = weight(resize, crop.height, rows.output, row, y);
      if (down === 0) continue;
      for (let x = 0; x < crop.width; x += 1) {
        sum += down * weight(resize, crop.width, columns.output, column, x) * pixels[y * crop.width + x]!;
      }
    }
    return sum;
  });
}

const FULL = process.env.NANOC_FULL === '1';

describe('the reference', () => {
  it('resizes to the nearest byte of the definition', () => {
    for (const { plan: made, frame } of cases()) {
      const { columns, channels, strides } = made;
      // Bytes as they are: a map that adds nothing.
      const plain = {
        ...made,
        dtype: 'uint8' as const,
        maps: made.maps.map(() => ({ kind: 'offset', offset: 0 }) as const),
      };
      const { data } = imageToInput(plain, frame, [1]);
      for (let c = 0; c < channels; c += 1) {
        const wanted = resized(made, frame, c);
        for (const [at, real] of wanted.entries()) {
          const [column, row] = [at % columns.output, Math.floor(at / columns.output)];
          const got = Number(data[row * strides.row + column * strides.pixel + c * strides.channel]);
          expect(Math.abs(got - real)).toBeLessThanOrEqual(0.5 + 1e-9);
        }
      }
    }
  });

  it('is the definition without rounding where nothing is resized', () => {
    for (const resize of RESIZES) {
      const made = plan({ shape: [1, 1, 7, 9] }, { frame: { width: 9, height: 7, format: 'gray8' }, resize });
      const frame = randomFrame(made, new Random(1));
      expect(Array.from(imageToInput(made, frame, [1, 1, 7, 9]).data as Int8Array, (q) => q + 128)).toEqual([...frame]);
    }
  });

  it('reads every format', () => {
    const colour = (format: PixelFormat, bytes: number[]) => channelsOf(format, Uint8Array.from(bytes), 0, 3);
    expect(colour('rgb888', [1, 2, 3])).toEqual([1, 2, 3]);
    expect(colour('bgr888', [1, 2, 3])).toEqual([3, 2, 1]);
    expect(colour('gray8', [9])).toEqual([9, 9, 9]);
    // Red is the highest five bits: 0xF800.
    expect(colour('rgb565le', [0x00, 0xf8])).toEqual([255, 0, 0]);
    expect(colour('rgb565be', [0xf8, 0x00])).toEqual([255, 0, 0]);
    expect(colour('rgb565be', [0x07, 0xe0])).toEqual([0, 255, 0]);
    expect(colour('rgb565be', [0x00, 0x1f])).toEqual([0, 0, 255]);
    expect(colour('rgb565be', [0x08, 0x21])).toEqual([8, 4, 8]);
    for (let level = 0; level < 256; level += 1) {
      expect(channelsOf('rgb888', Uint8Array.of(level, level, level), 0, 1)).toEqual([level]);
    }
    expect(channelsOf('rgb888', Uint8Array.of(255, 0, 0), 0, 1)).toEqual([76]);
  });

  it('gives the integers of QuantizeLinear, and adds where nothing else is left', () => {
    const frame = { width: 2, height: 2, format: 'gray8' as const };
    const shape = [1, 1, 2, 2];
    const own = plan({ shape }, { frame });
    expect(own.maps).toEqual([{ kind: 'offset', offset: -128 }]);
    // (byte / 255) / (1 / 255) - 128
    const ready = plan(
      { shape, quantization: { scale: [Math.fround(1 / 255)], zeroPoint: [-128] } },
      { frame, mean: 0 },
    );
    expect(ready.maps).toEqual([{ kind: 'offset', offset: -128 }]);
    const coarse = plan({ shape, quantization: { scale: [0.5], zeroPoint: [3] } }, { frame, mean: 0.5, std: 0.1 });
    const [map] = coarse.maps;
    expect(map?.kind).toBe('table');
    // -5 / 0.5 + 3 and 5 / 0.5 + 3
    if (map?.kind === 'table') expect([map.table[0], map.table[255]]).toEqual([-7, 13]);
  });
});

describe('the C', () => {
  const everyone = cases();

  it('has cases of both kinds of map', () => {
    expect(new Set(everyone.map(({ plan: { maps } }) => maps[0]!.kind)).size).toBe(2);
  });

  it.each(['host', 'cortex-m0', 'cortex-m4', 'rv32imc'])('%s: byte for byte as the reference', async (target) => {
    // Three parts of the cases on one target each, with every way to resize in each part; all of them on all with NANOC_FULL=1.
    const part = { host: [0, 1], 'cortex-m0': [2], 'cortex-m4': [0, 2], rv32imc: [1] }[target]!;
    const all = everyone.filter((_, index) => FULL || part.includes(index % 3) || index % 12 === 11);
    const results = await runImageCases(target, all);
    for (const [index, { plan: made, frame }] of all.entries()) {
      const { data } = imageToInput(made, frame, [1]);
      expect(results[index]!.bytes, `case ${index}`).toEqual(Buffer.from(bytesOf(data)));
      expect(results[index]!.more).toBe(0);
      expect(results[index]!.rows).toBeLessThanOrEqual(made.crop.height);
      if (made.resize === 'area') expect(results[index]!.rows).toBe(made.crop.height);
    }
  });
});

describe('sabotage', () => {
  // 120x120 pixels that become 24x24, each the mean of 25, by a table.
  const [chosen] = cases().filter(({ plan: made }) => made.resize === 'area' && made.crop.width === 120);

  /** What byte 127 becomes is one more. */
  const withOtherByte = (content: string) => {
    const [start, table] = content.split(' bytes[][256] =');
    let index = 0;
    const other = table!.replace(/-?\d+/g, (number) => (index++ === 127 ? String(Number(number) + 1) : number));
    return `${start} bytes[][256] =${other}`;
  };

  it.each<[string, (content: string) => string]>([
    ['nothing', (content) => content],
    ['an entry of the table', withOtherByte],
    ['the pixels of a column', (content) => content.replace('i < 5u', 'i < 4u')],
  ])('the comparison sees %s', async (what, change) => {
    const [result] = await runImageCases('host', [chosen!], (file) =>
      file.path.endsWith('.c') ? { ...file, content: change(file.content) } : file,
    );
    const wanted = Buffer.from(bytesOf(imageToInput(chosen!.plan, chosen!.frame, [1]).data));
    expect(wanted.equals(result!.bytes)).toBe(what === 'nothing');
  });
});

describe('what is refused', () => {
  const frame = { width: 16, height: 16, format: 'rgb888' as const };
  const shape = [1, 3, 4, 4];

  it('a crop outside the frame, sums that do not fit, a deviation of 0, numbers beyond float32, a wrong number of means', () => {
    const refused = (spec: Partial<ImageSpec>, input: Input = { shape }) =>
      expect(() => plan(input, { frame, ...spec }));
    refused({ crop: { x: 10, y: 0, width: 7, height: 16 } }).toThrow('NC0751');
    refused({ crop: { x: 0, y: 16, width: 16, height: 1 } }).toThrow('NC0751');
    refused({ std: 0 }).toThrow('NC0751');
    refused({ mean: 0.5, std: 1e-320 }).toThrow('NC0751');
    refused({ mean: [0, 1e39, 0] }).toThrow('NC0751');
    refused({ mean: [0.5, 0.5] }).toThrow('NC0751');
    refused({ frame: { width: 65521, height: 65519, format: 'gray8' } }).toThrow('NC0751');
    refused({ frame: { width: 65521, height: 65519, format: 'gray8' }, resize: 'nearest' }).not.toThrow();
  });

  it('inputs that are no image, and a choice between two', () => {
    const refused = (input: Input, spec: Partial<ImageSpec> = {}) => expect(() => plan(input, { frame, ...spec }));
    refused({ shape: [1, 2, 4, 4] }).toThrow('NC0752');
    refused({ shape: [2, 3, 4, 4] }).toThrow('NC0752');
    refused({ shape: [48] }).toThrow('NC0752');
    refused({ shape, dtype: 'int16' }).toThrow('NC0752');
    refused({ shape }, { input: 'y' }).toThrow('NC0752');
    refused({ shape }, { layout: 'NHWC' }).toThrow('NC0752');
    refused({ shape: [4, 4] }).not.toThrow();
    const one = graphOf({ shape });
    const value = one.values.get('x')!;
    const values = new Map([...one.values, ['y', { ...value, name: 'y' }] as const]);
    expect(() => planImage({ ...one, inputs: ['x', 'y'], values }, { frame })).toThrow('NC0752');
    expect(planImage({ ...one, inputs: ['x', 'y'], values }, { frame, input: 'y' }).input).toBe('y');
  });
});
