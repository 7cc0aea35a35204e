import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import type { Graph, Value } from '../ir/graph.js';
import { bytesOf, type Tensor } from '../ir/tensor.js';
import { readNpy, writeNpy } from './npy.js';
import { defaultVectors, loadVectors, parseVectors } from './vectors.js';

const folder = mkdtempSync(join(tmpdir(), 'nanoc-vectors-'));
afterAll(() => rmSync(folder, { recursive: true }));

function graph(inputs: readonly Value[], outputs: readonly Value[], extra: Partial<Graph> = {}): Graph {
  return {
    name: 'test',
    inputs: inputs.map((value) => value.name),
    outputs: outputs.map((value) => value.name),
    values: new Map([...inputs, ...outputs].map((value) => [value.name, value])),
    nodes: [],
    opsets: new Map([['', 17]]),
    states: [],
    ...extra,
  };
}

const x: Value = {
  name: 'serving/x:0',
  dtype: 'int8',
  shape: [1, 2, 3],
  quantization: { scale: [0.1], zeroPoint: [-5] },
};
const y: Value = { name: 'y', dtype: 'uint8', shape: [1, 2] };
const one = graph([x], [y]);
const two = graph([x, { name: 'k', dtype: 'int64', shape: [1] }], [y]);

const int8 = (shape: readonly number[], ...data: number[]): Tensor => ({
  dtype: 'int8',
  shape,
  data: Int8Array.from(data),
});
const six = (start: number) => Array.from({ length: 6 }, (_, i) => start + i);
const npz = (arrays: Readonly<Record<string, Tensor>>) =>
  zipSync(Object.fromEntries(Object.entries(arrays).map(([name, tensor]) => [`${name}.npy`, writeNpy(tensor)])));
const dataOf = (vector: ReadonlyMap<string, Tensor>, name: string) => [...(vector.get(name)!.data as Int8Array)];

/** The one diagnostic of what the action throws. */
function diagnosticOf(action: () => unknown) {
  try {
    action();
  } catch (error) {
    const { diagnostics } = error as {
      diagnostics?: { code: string; message: string; because?: string; expected?: string }[];
    };
    if (diagnostics !== undefined) return { ...diagnostics[0]!, count: diagnostics.length };
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** A .npy file by hand, as NumPy writes it. */
function npy(dict: string, data: Uint8Array, version = 1): Uint8Array {
  const text = `${dict}\n`;
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Buffer.concat([
    Uint8Array.of(0x93),
    Buffer.from('NUMPY'),
    Uint8Array.of(version, 0, ...length),
    Buffer.from(text),
    data,
  ]);
}

describe('.npy', () => {
  it('reads what NumPy writes: orders, versions, byte orders', () => {
    const le = npy(
      "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }",
      bytesOf(Int16Array.of(1, 2, 3, 4, 5, -6)),
    );
    expect(readNpy(le)).toEqual({ dtype: 'int16', shape: [2, 3], data: Int16Array.of(1, 2, 3, 4, 5, -6) });
    const be = npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", Uint8Array.of(1, 2, 0xff, 0xfe), 2);
    expect(readNpy(be)).toEqual({ dtype: 'int16', shape: [2], data: Int16Array.of(258, -2) });
    const fortran = npy("{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }", Uint8Array.of(1, 4, 2, 5, 3, 6));
    expect(readNpy(fortran)).toEqual(int8([2, 3], 1, 2, 3, 4, 5, 6));
    const scalar = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", bytesOf(Float32Array.of(1.5)));
    expect(readNpy(scalar)).toEqual({ dtype: 'float32', shape: [], data: Float32Array.of(1.5) });
  });

  it('reads back what it writes, for every type', () => {
    const tensors: Tensor[] = [
      int8([2, 1], -128, 127),
      { dtype: 'bool', shape: [2], data: Uint8Array.of(0, 1) },
      { dtype: 'float64', shape: [1, 1, 2], data: Float64Array.of(Math.PI, -0) },
      { dtype: 'int64', shape: [1], data: BigInt64Array.of(-(2n ** 62n)) },
      { dtype: 'uint16', shape: [], data: Uint16Array.of(65535) },
    ];
    for (const tensor of tensors) expect(readNpy(writeNpy(tensor))).toEqual(tensor);
    expect(writeNpy(tensors[0]!).length % 64).toBe(2);
  });

  it('refuses what is broken, in words', () => {
    const good = writeNpy(int8([6], ...six(0)));
    expect(() => readNpy(good.subarray(0, good.length - 1))).toThrow('shape [6] of int8 takes 6 bytes, the file has 5');
    expect(() => readNpy(good.subarray(0, 40))).toThrow('breaks off in its header');
    expect(() => readNpy(Buffer.from('PK and more bytes'))).toThrow('does not start as a .npy file does');
    expect(() => readNpy(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", Uint8Array.of(1)))).toThrow(
      "'|O'",
    );
    expect(() => readNpy(npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", Uint8Array.of(1)))).toThrow(
      'not plain numbers',
    );
    for (let end = 0; end < good.length; end += 1) expect(() => readNpy(good.subarray(0, end))).toThrow();
  });
});

describe('parseVectors', () => {
  it('takes one vector, a leading dimension, or the batch dimension as a number of vectors', () => {
    const forms: readonly (readonly [number, readonly number[]])[] = [
      [1, [1, 2, 3]],
      [1, [2, 3]],
      [2, [2, 1, 2, 3]],
      [2, [2, 2, 3]],
    ];
    for (const [count, shape] of forms) {
      const set = parseVectors(one, 'clip.npy', writeNpy(int8(shape, ...six(0), ...(count === 2 ? six(-20) : []))));
      expect(set.vectors.length).toBe(count);
      expect(set.labels).toEqual(count === 1 ? ['clip.npy'] : ['clip.npy[0]', 'clip.npy[1]']);
      expect(dataOf(set.vectors.at(-1)!, x.name)).toEqual(six(count === 1 ? 0 : -20));
      expect(set.vectors[0]!.get(x.name)!.shape).toEqual([1, 2, 3]);
    }
  });

  it('matches arrays by ONNX name, C name, or as the only input; outputs and final states are expected values', () => {
    const state: Value = { name: 'past', dtype: 'int8', shape: [1, 2] };
    const next: Value = { name: 'next', dtype: 'int8', shape: [1, 2] };
    const stateful = graph([x, state], [y, next], { states: [{ input: 'past', output: 'next', initial: 0 }] });
    const output: Tensor = { dtype: 'uint8', shape: [2, 1, 2], data: Uint8Array.of(1, 2, 3, 255) };
    for (const name of ['serving/x:0', 'serving_x_0', 'input']) {
      const bytes = npz({ [name]: int8([2, 1, 2, 3], ...six(0), ...six(6)), output, final_past: int8([1, 2], 7, 8) });
      const set = parseVectors(stateful, 'steps.npz', bytes);
      expect(set.vectors.map((vector) => dataOf(vector, x.name))).toEqual([six(0), six(6)]);
      expect(set.expected!.map((each) => [...(each.get('y')!.data as Uint8Array)])).toEqual([
        [1, 2],
        [3, 255],
      ]);
      expect(dataOf(set.finalStates!, 'past')).toEqual([7, 8]);
    }
  });

  it('reads JSON in its three forms', () => {
    const forms = [
      [
        [
          [0, 1, 2],
          [3, 4, 5],
        ],
      ],
      {
        'serving/x:0': [
          [
            [0, 1, 2],
            [3, 4, 5],
          ],
        ],
      },
      [
        {
          'serving/x:0': [
            [
              [0, 1, 2],
              [3, 4, 5],
            ],
          ],
        },
        {
          'serving/x:0': [
            [
              [6, 7, 8],
              [9, 10, 11],
            ],
          ],
        },
      ],
    ];
    const sets = forms.map((form) => parseVectors(one, 'x.json', Buffer.from(JSON.stringify(form))));
    expect(sets.map((set) => set.vectors.map((vector) => dataOf(vector, x.name)))).toEqual([
      [six(0)],
      [six(0)],
      [six(0), six(6)],
    ]);
    const both = { serving_x_0: [six(0).slice(0, 3), six(3).slice(0, 3)], k: [5] };
    const index = parseVectors(two, 'x.json', Buffer.from(JSON.stringify(both)));
    expect(index.vectors[0]!.get('k')!.data).toEqual(BigInt64Array.of(5n));
  });

  it('reads raw bytes, inputs in graph order', () => {
    const bytes = Buffer.concat([
      bytesOf(Int8Array.from(six(0))),
      bytesOf(BigInt64Array.of(9n)),
      bytesOf(Int8Array.from(six(1))),
      bytesOf(BigInt64Array.of(-1n)),
    ]);
    const set = parseVectors(two, 'clip.bin', bytes);
    expect(set.vectors.map((vector) => [dataOf(vector, x.name), vector.get('k')!.data])).toEqual([
      [six(0), BigInt64Array.of(9n)],
      [six(1), BigInt64Array.of(-1n)],
    ]);
  });

  it('converts numbers only where each survives', () => {
    const wide = (...data: number[]): Tensor => ({ dtype: 'float64', shape: [1, 2, 3], data: Float64Array.from(data) });
    expect(dataOf(parseVectors(one, 'a.npy', writeNpy(wide(...six(-128)))).vectors[0]!, x.name)).toEqual(six(-128));
    expect(diagnosticOf(() => parseVectors(one, 'a.npy', writeNpy(wide(0, 0, 0, 128, 0, 0))))).toMatchObject({
      code: 'NC0712',
      because: 'it is float64 and holds 128 (element 3)',
    });
    expect(diagnosticOf(() => parseVectors(one, 'a.npy', writeNpy(wide(0.5, 0, 0, 0, 0, 0)))).code).toBe('NC0712');
    const real = graph([{ name: 'r', dtype: 'float32', shape: [2] }], []);
    const set = parseVectors(real, 'r.json', Buffer.from('[0.1, 1e300]'));
    expect(set.vectors[0]!.get('r')!.data).toEqual(Float32Array.of(0.1, Number.POSITIVE_INFINITY));
  });

  it('names file, array, expected and got when something does not fit', () => {
    expect(diagnosticOf(() => parseVectors(one, 'a.npy', writeNpy(int8([3, 2], ...six(0)))))).toMatchObject({
      code: 'NC0712',
      message: 'a.npy: array "serving/x:0" has the wrong shape',
      expected: '[1,2,3], or [N,1,2,3] for N vectors',
      because: 'it is int8[3,2]',
      count: 1,
    });
    expect(diagnosticOf(() => parseVectors(one, 'a.bin', new Uint8Array(7)))).toMatchObject({
      code: 'NC0712',
      message: "a.bin has 7 bytes, no multiple of an input's 6",
    });
    expect(
      diagnosticOf(() => parseVectors(one, 'a.npz', npz({ input: int8([1, 2, 3], ...six(0)), z: int8([1], 1) }))),
    ).toMatchObject({
      code: 'NC0711',
      message: 'a.npz: array "z" is neither an input nor an output of the model',
    });
    expect(
      diagnosticOf(() =>
        parseVectors(one, 'a.npz', npz({ y: { dtype: 'uint8', shape: [1, 2], data: Uint8Array.of(1, 2) } })),
      ),
    ).toMatchObject({
      code: 'NC0711',
      message: 'a.npz has no array for input "serving/x:0"',
      because: 'it holds "y"',
    });
    const uneven = npz({
      input: int8([2, 1, 2, 3], ...six(0), ...six(0)),
      y: { dtype: 'uint8', shape: [1, 2], data: Uint8Array.of(1, 2) },
    });
    expect(diagnosticOf(() => parseVectors(one, 'a.npz', uneven))).toMatchObject({
      code: 'NC0713',
      because: '"serving/x:0" has 2, "y" has 1',
    });
    expect(diagnosticOf(() => parseVectors(two, 'a.npy', writeNpy(int8([1, 2, 3], ...six(0))))).code).toBe('NC0711');
    for (const [name, bytes] of [
      ['a.npz', Buffer.from('no zip file')],
      ['a.npz', npz({ input: int8([6], ...six(0)) }).subarray(0, 60)],
      ['a.npy', Buffer.from('')],
      ['a.json', Buffer.from('{"x": [1, ')],
      ['a.json', Buffer.from('{"input": "text"}')],
      ['a.json', Buffer.from('[[1, 2], [3]]')],
      ['a.json', Buffer.from('null')],
    ] as const) {
      expect([name, diagnosticOf(() => parseVectors(one, name, bytes)).code]).toEqual([name, 'NC0710']);
    }
  });

  it('reads files, and says when it cannot', async () => {
    const path = join(folder, 'clip.npy');
    writeFileSync(path, writeNpy(int8([1, 2, 3], ...six(3))));
    expect(dataOf((await loadVectors(one, path)).vectors[0]!, x.name)).toEqual(six(3));
    for (const [bad, because] of [
      [join(folder, 'none.npy'), 'there is no such file'],
      [folder, 'it is not a file'],
    ] as const) {
      await expect(loadVectors(one, bad)).rejects.toMatchObject({
        exitCode: 2,
        diagnostics: [{ code: 'NC0710', because }],
      });
    }
  });
});

describe('rows of a streamed model', () => {
  const rows = (shape: readonly number[], axis: number) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const array = int8(shape, ...Array.from({ length: count }, (_, i) => i));
    const set = parseVectors(one, 'clip.npy', writeNpy(array), { input: x.name, axis });
    return set.vectors.map((vector) => dataOf(vector, x.name));
  };

  it('are cut into steps, and a rest that makes up none is left out', () => {
    expect(rows([1, 5, 3], 1)).toEqual([six(0), six(6)]);
    expect(rows([4, 3], 1)).toEqual([six(0), six(6)]);
    expect(rows([1, 2, 6], 2)).toEqual([
      [0, 1, 2, 6, 7, 8],
      [3, 4, 5, 9, 10, 11],
    ]);
  });

  it('are no steps of another axis, or too few', () => {
    expect(diagnosticOf(() => rows([1, 4, 2], 1))).toMatchObject({ code: 'NC0712' });
    expect(diagnosticOf(() => rows([1, 1, 3], 1))).toMatchObject({ code: 'NC0712' });
  });
});

describe('defaultVectors', () => {
  it('is deterministic, and has the extremes whatever the count', () => {
    const set = defaultVectors(one, { seed: 3, count: 12 });
    expect(defaultVectors(one, { seed: 3, count: 12 })).toEqual(set);
    expect(defaultVectors(one, { seed: 4, count: 12 })).not.toEqual(set);
    expect(set.vectors.length).toBe(12);
    expect(dataOf(set.vectors[0]!, x.name)).toEqual(Array(6).fill(-128));
    expect(dataOf(set.vectors[1]!, x.name)).toEqual(Array(6).fill(127));
    for (const value of dataOf(set.vectors[2]!, x.name)) expect(Math.abs(value + 5)).toBeLessThanOrEqual(2);
    expect(new Set(dataOf(set.vectors[7]!, x.name)).size).toBeGreaterThan(2);
    expect(defaultVectors(one, { count: 3 }).labels).toEqual(['all minimum', 'all maximum', 'random 1 of seed 1']);
    expect(defaultVectors(one, { count: 1 }).vectors.length).toBe(1);
  });

  it('reaches past what a QuantizeLinear can represent, and lands on its ties', () => {
    const real: Value = { name: 'r', dtype: 'float32', shape: [64] };
    const q: Value = { name: 'q', dtype: 'uint8', shape: [64], quantization: { scale: [0.25], zeroPoint: [10] } };
    const node = { name: 'n', op: 'QuantizeLinear', domain: '', inputs: ['r'], outputs: ['q'], attributes: {} };
    const set = defaultVectors(graph([real], [q], { nodes: [node] }));
    expect(set.vectors[0]!.get('r')!.data[0]).toBe((-10 - 8) * 0.25);
    expect(set.vectors[1]!.get('r')!.data[0]).toBe((245 + 8) * 0.25);
    for (const value of set.vectors[2]!.get('r')!.data as Float32Array) expect(Math.abs(value / 0.25) % 1).toBe(0.5);
  });
});
