import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { branchModel } from '../../../test/support/quantized-models.js';
import { workFolder } from '../../../test/support/work-folder.js';
import { compile } from '../../index.js';
import { FaultStore } from './fault-store.js';
import { itemOf } from './item.js';
import { type CallVerdict, knownFaults } from './prove.js';

const folder = workFolder();

describe('faults that are kept', () => {
  const wrong: CallVerdict = {
    verdict: 'wrong',
    fault: { kind: 'input', vector: 'all zero', tensor: 'x', differing: 2, message: 'changes its input "x"' },
    instructions: 77,
  };

  it('belong to one call at its addresses and are forgotten when it is proven', async () => {
    const store = new FaultStore(folder.path);
    const compilation = await compile(branchModel(), { target: 'cortex-m4' });
    const [first, second] = compilation.plan.calls.filter(({ node }) => node.op === 'Conv');
    const { key } = itemOf(compilation, first!);
    expect(itemOf(await compile(branchModel(), { target: 'cortex-m4' }), first!).key).toBe(key);
    expect(itemOf(compilation, second!).key).not.toBe(key);
    expect(store.has(first!.function)).toBe(false);
    store.keep(compilation, first!, key!, wrong);
    expect(store.has(first!.function)).toBe(true);
    expect(await knownFaults(compilation, store)).toEqual([
      { ...wrong, ...{ output: first!.node.outputs[0], node: first!.node.name, op: 'Conv' }, ...kernelOf(first!) },
    ]);
    expect(await knownFaults(await compile(branchModel(), { target: 'cortex-m0' }), store)).toEqual([]);
    store.keep(compilation, first!, key!, { verdict: 'proven', runs: 12 });
    expect(await knownFaults(compilation, store)).toEqual([]);
  });

  it('count as none where the file is damaged, and a folder that cannot be written is no error', async () => {
    const store = new FaultStore(folder.path);
    const compilation = await compile(branchModel(), { target: 'cortex-m4' });
    const [call] = compilation.plan.calls;
    store.keep(compilation, call!, 'key', wrong);
    expect(readdirSync(`${folder.path}/${call!.function}`)).toContain('key.json');
    expect(store.find(call!.function, 'key')).toEqual(wrong);
    folder.write(`${call!.function}/key.json`, '{"schemaVersion": 1');
    expect(store.find(call!.function, 'key')).toBeUndefined();
    folder.write('file', '');
    expect(() => new FaultStore(`${folder.path}/file`).keep(compilation, call!, 'key', wrong)).not.toThrow();
  });
});

function kernelOf({ function: kernel, family }: { function: string; family: string }) {
  return { kernel, family };
}
