import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Cache, type CacheKey, sourcesHash } from './cache.js';
import { changes, describe as describeChange, group, regressions } from './compare.js';
import { listModels } from './models.js';
import { figuresOf, readPeers } from './peers.js';
import { readReadme, sizesTable, withSizes } from './readme.js';
import { renderChanges, renderResults } from './report.js';
import { merge, type Result, readResults, writeResults } from './results.js';

const root = mkdtempSync(join(tmpdir(), 'nanoc-bench-'));
afterAll(() => rmSync(root, { recursive: true }));

const kws: Result = {
  ...{ model: 'mlperf-tiny/kws', target: 'cortex-m4', kernels: 'auto', optimize: 'balanced', exact: true },
  ...{ instructions: 10_000, ram: 9000, arena: 8000, lowerBound: 8000, flash: 35_000, code: 5000, constants: 30_000 },
  ...{ stack: 400, macs: 4000 },
};

describe('results.json', () => {
  const path = join(root, 'results.json');

  it('is written sorted and read back; a missing file is no results', () => {
    expect(readResults(path)).toEqual([]);
    const other = { ...kws, model: 'ad' };
    writeResults([kws, other], path);
    expect(readResults(path)).toEqual([other, kws]);
  });

  it('refuses rows that do not fit the schema', () => {
    writeFileSync(path, JSON.stringify([{ ...kws, instructions: 1.5 }]));
    expect(() => readResults(path)).toThrow(/instructions/);
    writeFileSync(path, JSON.stringify([{ ...kws, cycles: 1 }]));
    expect(() => readResults(path)).toThrow(/cycles/);
  });

  it('keeps rows that were not measured again, and sorts new ones in', () => {
    const other = { ...kws, target: 'cortex-m33' };
    const fresh = { ...kws, target: 'cortex-m0' };
    expect(merge([kws, other], [{ ...kws, flash: 1 }, fresh])).toEqual([fresh, other, { ...kws, flash: 1 }]);
  });

  it('of the repository fits the schema, and every row of it is exact', () => {
    expect(readResults().filter((result) => !result.exact)).toEqual([]);
  });
});

describe('comparison', () => {
  it('lets a growth of 1 % pass and nothing above it', () => {
    expect(regressions([kws], [{ ...kws, instructions: 10_100 }])).toEqual([]);
    expect(regressions([kws], [{ ...kws, instructions: 10_101 }])).toEqual([
      'mlperf-tiny/kws | cortex-m4 | auto | balanced: instructions 10,000 -> 10,101 (+1.0 %)',
    ]);
  });

  it('reports a row that is no longer exact, and shrinking figures only as changes', () => {
    const after = { ...kws, exact: false, ram: 8000 };
    expect(regressions([kws], [after])).toEqual(['mlperf-tiny/kws | cortex-m4 | auto | balanced: no longer exact']);
    expect(changes([kws], [after]).map(({ figure }) => figure)).toEqual(['ram']);
    expect(renderChanges([kws], [after])).toContain('ram 9,000 -> 8,000 (-11.1 %)');
    expect(renderChanges([], [kws])).toContain('balanced: new');
    expect(renderChanges([kws], [kws])).toContain('No figure differs');
  });

  it('writes numbers in groups of three', () => {
    expect([0, 999, 1000, 1234567].map(group)).toEqual(['0', '999', '1,000', '1,234,567']);
    expect(describeChange({ before: 0, after: 8 })).toBe('0 -> 8 (from nothing)');
  });
});

describe('peers', () => {
  it('state their source, and their figures appear with the ratio', () => {
    const peers = readPeers();
    expect(figuresOf(peers, 'kws', 'cortex-m4').map(({ peer }) => peer)).toContain('TFLite Micro + CMSIS-NN');
    const text = renderResults([kws], peers, () => 'kws');
    expect(text).toContain('7,697,709 (769.77)');
    expect(text).toContain('TFLite Micro 90b983c2');
    expect(renderResults([kws], peers, () => undefined)).not.toContain('TFLite');
  });
});

describe('models', () => {
  it('are those of a folder with the options of models.json, and the examples with their own', () => {
    const folder = join(root, 'models');
    mkdirSync(join(folder, 'mlperf-tiny'), { recursive: true });
    for (const name of ['kws_dscnn_int8', 'sww_int8']) writeFileSync(join(folder, `mlperf-tiny/${name}.onnx`), '');
    const outside = listModels(folder).filter(({ name }) => !name.startsWith('examples/'));
    expect(outside).toEqual([
      { name: 'mlperf-tiny/kws_dscnn_int8', path: join(folder, 'mlperf-tiny/kws_dscnn_int8.onnx'), peer: 'kws' },
      { name: 'mlperf-tiny/sww_int8', path: join(folder, 'mlperf-tiny/sww_int8.onnx'), peer: 'sww' },
      // The same model, measured once more as a step.
      { name: 'mlperf-tiny/sww_int8 --stream', path: join(folder, 'mlperf-tiny/sww_int8.onnx'), stream: { time: 1 } },
    ]);
    expect(listModels(folder).map(({ name }) => name)).toContain('examples/digits');
  });
});

describe('cache', () => {
  const path = join(root, 'model.onnx');
  const key = (): CacheKey => {
    const model = { name: 'model', path };
    return { model, target: 'host', kernels: 'auto', optimize: 'balanced', sources: 'a', tools: 'gcc 12' };
  };

  it('finds a result again only for the same model, sources and tools', () => {
    writeFileSync(path, 'one');
    const cache = new Cache(join(root, 'cache'));
    expect(cache.find(key())).toBeUndefined();
    cache.store(key(), kws);
    expect(cache.find(key())).toEqual(kws);
    expect(cache.find({ ...key(), sources: 'b' })).toBeUndefined();
    expect(cache.find({ ...key(), tools: 'gcc 13' })).toBeUndefined();
    expect(cache.find({ ...key(), model: { ...key().model, states: ['a=b'] } })).toBeUndefined();
    writeFileSync(path, 'two');
    expect(cache.find(key())).toBeUndefined();
  });

  it('hashes sources but not their tests', () => {
    const write = (name: string, text: string) => {
      mkdirSync(join(root, 'package/compiler'), { recursive: true });
      writeFileSync(join(root, 'package', name), text);
    };
    write('package-lock.json', '{}');
    write('compiler/a.ts', '1');
    const before = sourcesHash(join(root, 'package'));
    write('compiler/a.test.ts', '2');
    expect(sourcesHash(join(root, 'package'))).toBe(before);
    write('compiler/a.ts', '3');
    expect(sourcesHash(join(root, 'package'))).not.toBe(before);
  });
});

describe('the table of the README', () => {
  it('has a row for each model on the Cortex-M4 and counts exact targets', () => {
    const table = sizesTable([kws, { ...kws, target: 'cortex-m0', exact: false }, { ...kws, kernels: 'portable' }]);
    expect(table.split('\n')).toHaveLength(3);
    expect(table).toContain(
      '| `mlperf-tiny/kws` | 4,000 | 10,000 | 2.50 | 8,000 | 8,000 | 9,000 | 35,000 | 5,000 | 400 | 1 of 2 targets |',
    );
  });

  it('needs its marks, and the number in the first line', () => {
    expect(() => withSizes('# nanoc\n\nkws needs 1 bytes\n', [])).toThrow(/marks/);
    const marks = readReadme().slice(readReadme().indexOf('<!-- sizes'));
    expect(() => withSizes(`# nanoc\n\nkws\n${marks}`, [])).toThrow(/number/);
    const row = { ...kws, model: 'mlperf-tiny/kws_dscnn_int8' };
    expect(withSizes(`# nanoc\n\nkws needs 1 bytes\n${marks}`, [row])).toContain('kws needs 8,000 bytes');
  });
});
