import { describe, expect, it } from 'vitest';
import { Random } from '../../../test/support/random.js';
import type { Program } from '../../ir/kernel-call.js';
import type { MemoryPlan, Placement } from '../../ir/memory-plan.js';
import { contentsOf } from './contents.js';
import { checkPlan, planMemory, separateStorage } from './index.js';
import { type LiveModel, liveModelOf, peakOf } from './liveness.js';
import { bestOrder } from './order.js';
import { randomSketch } from './random-program.js';
import { storageOf } from './storage.js';
import { programOf } from './test-program.js';

function randomProgram(seed: number, calls: number, bytes: number, branching = false): Program {
  return separateStorage(programOf(randomSketch(new Random(seed), { calls, bytes, branching })));
}

describe('random programs', () => {
  it('get plans that pass the judge, no smaller than their bound', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const program = randomProgram(seed, 2 + (seed % 9), 1 + (seed % 24));
      for (const options of [{ alignment: 1 }, { alignment: 8 }, { alignment: 8, guardBytes: 8 }]) {
        const plan = planMemory(program, options);
        expect(plan.arenaBytes, `seed ${seed}`).toBeGreaterThanOrEqual(plan.lowerBound);
        expect(plan.layerBound!, `seed ${seed}`).toBeGreaterThanOrEqual(
          options.guardBytes === undefined ? plan.lowerBound : 0,
        );
      }
    }
  });

  it('with branches get such plans too', () => {
    let branches = 0;
    for (let seed = 0; seed < 120; seed += 1) {
      const program = randomProgram(seed, 3 + (seed % 7), 1 + (seed % 24), true);
      branches += program.calls.filter(({ guards }) => guards !== undefined).length;
      for (const options of [{ alignment: 1 }, { alignment: 8, guardBytes: 8 }]) {
        const plan = planMemory(program, options);
        expect(plan.arenaBytes, `seed ${seed}`).toBeGreaterThanOrEqual(plan.lowerBound);
      }
    }
    expect(branches).toBeGreaterThan(100);
  });

  it('get the same plan again', () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const [a, b] = [0, 1].map(() => planMemory(randomProgram(seed, 10, 20), { alignment: 8 }));
      expect([...a!.placements]).toEqual([...b!.placements]);
    }
  });

  it('are separated once', () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const program = randomProgram(seed, 6, 12);
      expect(() => storageOf(program, contentsOf(program)), `seed ${seed}`).not.toThrow();
    }
  });
});

describe('the search for an order', () => {
  it.each([
    ['', false],
    [' with branches', true],
  ])('finds the smallest peak of all orders%s', (_, branching) => {
    let changed = 0;
    for (let seed = 0; seed < 150; seed += 1) {
      const program = randomProgram(seed, branching ? 5 : 7, 16, branching);
      if (program.calls.length > 8) continue;
      const contents = contentsOf(program);
      const model = liveModelOf(program, contents, storageOf(program, contents));
      const found = bestOrder(model);
      expect({ seed, peak: found.peak, proven: found.proven }).toEqual({
        seed,
        peak: smallestPeak(model),
        proven: true,
      });
      expect(peakOf(model, found.order).bytes).toBe(found.peak);
      if (found.order.some((call, i) => call !== i)) changed += 1;
    }
    expect(changed).toBeGreaterThan(5);
  });
});

describe('the placement', () => {
  it.each([
    ['', false],
    [' with branches', true],
  ])('is the smallest one that the judge accepts, where it says so%s', (_, branching) => {
    let proven = 0;
    for (let seed = 0; seed < 300; seed += 1) {
      const program = randomProgram(seed, 3, 3, branching);
      const plan = planMemory(program, { alignment: 1 });
      if (!plan.search.optimal || plan.arenaBytes > 7) continue;
      const blocks = arenaBlocks(plan);
      if (blocks.length > 4) continue;
      expect(smallerPlanPasses(plan, program, blocks), `seed ${seed}`).toBe(false);
      if (plan.arenaBytes > plan.lowerBound) proven += 1;
    }
    // Some of them are above the live-set bound: there the proof is that of the branch and bound.
    expect(proven).toBeGreaterThan(0);
  });
});

/** Tries every order. */
function smallestPeak(model: LiveModel): number {
  let smallest = Number.POSITIVE_INFINITY;
  const extend = (order: number[]): void => {
    if (order.length === model.calls.length) smallest = Math.min(smallest, peakOf(model, order).bytes);
    model.calls.forEach(({ before }, index) => {
      if (!order.includes(index) && before.every((other) => order.includes(other))) extend([...order, index]);
    });
  };
  extend([]);
  return smallest;
}

/** Placements in the arena that move together: those of one block. */
function arenaBlocks(plan: MemoryPlan): Placement[][] {
  const blocks: Placement[][] = [];
  const tied = new Map<string, Set<string>>();
  for (const { value, base } of plan.views) {
    const joined = new Set([value, base, ...(tied.get(value) ?? []), ...(tied.get(base) ?? [])]);
    for (const name of joined) tied.set(name, joined);
  }
  const seen = new Set<string>();
  for (const placement of plan.placements.values()) {
    if (placement.region !== 'arena' || placement.bytes === 0 || seen.has(placement.name)) continue;
    const block = [...(tied.get(placement.name) ?? [placement.name])].map((name) => plan.placements.get(name)!);
    for (const { name } of block) seen.add(name);
    blocks.push(block);
  }
  return blocks;
}

/** Whether any other addresses in one byte less satisfy the judge. */
function smallerPlanPasses(plan: MemoryPlan, program: Program, blocks: readonly (readonly Placement[])[]): boolean {
  const arenaBytes = plan.arenaBytes - 1;
  const placements = new Map(plan.placements);
  const tryFrom = (index: number): boolean => {
    const block = blocks[index];
    if (block === undefined) {
      try {
        checkPlan({ ...plan, arenaBytes, placements }, program);
        return true;
      } catch {
        return false;
      }
    }
    const start = Math.min(...block.map(({ offset }) => offset));
    for (let address = 0; address < arenaBytes; address += 1) {
      for (const placement of block)
        placements.set(placement.name, { ...placement, offset: placement.offset - start + address });
      if (tryFrom(index + 1)) return true;
    }
    return false;
  };
  return tryFrom(0);
}
