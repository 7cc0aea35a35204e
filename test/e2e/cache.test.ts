/**
 * The key-value cache of a language model is never copied: past and present are the same memory, and a token writes one row of each
 * cache. Watched in the simulator, from a cache full of bytes that no step has written.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModelFile } from '../../compiler/cli/model-file.js';
import { type Compilation, compile } from '../../compiler/index.js';
import { valueOf } from '../../compiler/ir/graph.js';
import type { Tensor } from '../../compiler/ir/tensor.js';
import { elementBytes } from '../../compiler/ops/shared/views.js';
import { withProgram } from '../../compiler/simulate/program.js';
import { runVectors } from '../../compiler/simulate/session.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';
import { Random } from '../support/random.js';

const MODEL = join(packageRoot(), 'examples/nano-gpt/nano-gpt-int8.onnx');
/** An instruction of a copy moves at most so much: LDM and STM of eight registers. */
const COPIED_BYTES = (8 * 4) / 2;

interface Cache {
  readonly offset: number;
  readonly rows: number;
  readonly rowBytes: number;
}

const compiled = () =>
  compile(readModelFile(MODEL), {
    target: 'cortex-m4',
    states: ['present_key=past_key', 'present_value=past_value'],
  });

/** Caches are [context, elements] here. */
function cachesOf({ graph, plan }: Compilation): Cache[] {
  return graph.states.map(({ input }) => {
    const value = valueOf(graph, input);
    const rowBytes = elementBytes(value) * value.shape.at(-1)!;
    const { offset, bytes } = plan.placements.get(input)!;
    return { offset, rows: bytes / rowBytes, rowBytes };
  });
}

function step(token: number, position: number): ReadonlyMap<string, Tensor> {
  const integer = (value: number): Tensor => ({ dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(value)) });
  return new Map([
    ['token', integer(token)],
    ['pos', integer(position)],
  ]);
}

describe('the cache of a language model', () => {
  it('is one memory, past and present, that only the update of a row writes', async () => {
    const { graph, plan } = await compiled();
    expect(graph.states.length).toBeGreaterThan(2);
    for (const { input, output } of graph.states) {
      const [past, present] = [input, output].map((name) => plan.placements.get(name)!);
      expect([present!.region, present!.offset, present!.bytes]).toEqual(['state', past!.offset, past!.bytes]);
    }
    const isState = (name: string) => plan.placements.get(name)?.region === 'state';
    const writers = plan.calls.filter((call) =>
      call.arguments.some((each) => each.kind === 'value' && each.access !== 'read' && isState(each.value)),
    );
    expect(writers.map((call) => call.function)).toEqual(graph.states.map(() => 'nanoc_cache_update'));
    // Nowhere is room for another one.
    expect(plan.stateBytes).toBe(graph.states.reduce((sum, { input }) => sum + plan.placements.get(input)!.bytes, 0));
    expect(plan.arenaBytes).toBeLessThan(plan.placements.get(graph.states[0]!.input)!.bytes);
  });

  it('has one row written in a step, and no other byte, changed or not', async () => {
    const compilation = await compiled();
    const caches = cachesOf(compilation);
    const random = new Random(1);
    await withProgram(compilation, {}, async (program) => {
      for (const position of [0, 37, 127]) {
        const before = Uint8Array.from({ length: compilation.plan.stateBytes }, () => random.integer(0, 255));
        const options = { state: before, mode: 'profile' } as const;
        const { state: after, layers } = await runVectors(program, [step(5, position)], options);
        for (const cache of caches) expect(changedRows(cache, before, after)).toEqual([position]);
        // To write again what is there would take more.
        const updates = layers!.filter(({ op }) => op === 'CacheUpdate');
        expect(updates.length).toBe(caches.length);
        updates.forEach(({ instructions }, i) => {
          expect(instructions).toBeLessThan((caches[i]!.rows * caches[i]!.rowBytes) / COPIED_BYTES);
        });
      }
    });
  });
});

function changedRows({ offset, rows, rowBytes }: Cache, before: Uint8Array, after: Uint8Array): number[] {
  return Array.from({ length: rows }, (_, row) => row).filter((row) => {
    const start = offset + row * rowBytes;
    return Buffer.compare(before.subarray(start, start + rowBytes), after.subarray(start, start + rowBytes)) !== 0;
  });
}
