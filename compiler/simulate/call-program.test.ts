import { describe, expect, it } from 'vitest';
import { type ConvCase, convCase } from '../../test/support/conv-case.js';
import { Random } from '../../test/support/random.js';
import { simulatedTargets } from '../../test/support/simulated-targets.js';
import { Diagnostics } from '../diagnostics/diagnostic.js';
import type { KernelCall } from '../ir/kernel-call.js';
import type { Target } from '../ir/target.js';
import { fromBytes } from '../ir/tensor.js';
import { lower } from '../phases/4-lower/index.js';
import { planMemory } from '../phases/5-plan/index.js';
import { loadTarget } from '../targets.js';
import { apartLayout, type CallLayout, plannedLayout, SCRATCH } from './call-layout.js';
import { type PlacedCall, withCallProgram } from './call-program.js';
import { type CallOutcome, runCallProgram } from './call-run.js';

const targets = ['host', ...(await simulatedTargets())];
const spec = { input: [4, 6, 6], outputs: 6, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] } as const;

function caseFor(seed: number, target: Target): { item: ConvCase; call: KernelCall } {
  const item = convCase(spec, new Random(seed));
  const { calls } = lower(item.graph, target, { target: target.name }, new Diagnostics());
  return { item, call: calls[0]! };
}

const place = ({ item, call }: ReturnType<typeof caseFor>, target: Target): PlacedCall => ({
  ...{ call, graph: item.graph },
  layout: apartLayout(call, item.graph, target.alignment),
});

function outputOf(outcome: CallOutcome, { buffers }: CallLayout): number[] {
  if (outcome === undefined || !('memory' in outcome)) throw new Error(JSON.stringify(outcome));
  const { offset, bytes } = buffers.get('y')!;
  return [...(fromBytes('int8', outcome.memory.slice(offset, offset + bytes)) as Int8Array)];
}

describe('calls by themselves', () => {
  it.each(targets)('give the reference bytes on %s, in any order', async (name) => {
    const target = await loadTarget(name);
    const cases = [1, 2, 3].map((seed) => caseFor(seed, target));
    const placed = cases.map((each) => place(each, target));
    const order = [2, 0, 1, 0];
    const runs = order.map((call, run) => ({ call, inputs: cases[call]!.item.inputs, filling: run % 2 ? 0xaa : 0x55 }));
    const outcomes = await withCallProgram(placed, { target }, (program) => runCallProgram(program, runs));
    order.forEach((call, run) => {
      expect(outputOf(outcomes[run], placed[call]!.layout)).toEqual([
        ...(cases[call]!.item.expected.data as Int8Array),
      ]);
      const counted = (outcomes[run] as { instructions?: number }).instructions;
      if (target.qemu === undefined) expect(counted).toBeUndefined();
      else expect(counted).toBeGreaterThan(1000);
    });
  });

  it('one that faults is a result, and the others are run', async () => {
    const target = await loadTarget('host');
    const cases = [1, 2].map((seed) => caseFor(seed, target));
    const placed = cases.map((each) => place(each, target));
    const broken = { ...placed[0]!, call: { ...placed[0]!.call, arguments: [{ kind: 'null' as const }] } };
    // Reads its parameters through NULL.
    const call = {
      ...broken.call,
      arguments: placed[0]!.call.arguments.map((a) => (a.kind === 'params' ? { kind: 'null' as const } : a)),
    };
    const runs = [0, 0, 1].map((index) => ({ call: index, inputs: cases[index]!.item.inputs, filling: 0 }));
    const outcomes = await withCallProgram([{ ...broken, call }, placed[1]!], { target }, (program) =>
      runCallProgram(program, runs),
    );
    expect(outcomes[0]).toMatchObject({ failure: { code: 'NC0703' } });
    expect(outcomes[1]).toBeUndefined();
    expect(outputOf(outcomes[2], placed[1]!.layout)).toEqual([...(cases[1]!.item.expected.data as Int8Array)]);
  });
});

describe('the layout of a call', () => {
  it('keeps the alignment that the plan gives each buffer, and the distance of those that share bytes', async () => {
    const target = await loadTarget('cortex-m4');
    const { item } = caseFor(1, target);
    const program = lower(item.graph, target, { target: 'cortex-m4' }, new Diagnostics());
    const plan = planMemory(program, { alignment: 4, guardBytes: 0 });
    const [call] = plan.calls;
    const { buffers, bytes } = plannedLayout(call!, item.graph, plan, 4);
    const planned = (name: string) => plan.placements.get(name)!.offset;
    for (const name of ['x', 'y']) expect(buffers.get(name)!.offset % 64).toBe(planned(name) % 64);
    expect(buffers.get(SCRATCH)!.offset % 64).toBe(planned('conv#scratch') % 64);
    const [x, y] = [plan.placements.get('x')!, plan.placements.get('y')!];
    const shares = x.offset < y.offset + y.bytes && y.offset < x.offset + x.bytes;
    expect(shares).toBe(true);
    expect(buffers.get('y')!.offset - buffers.get('x')!.offset).toBe(y.offset - x.offset);
    const scratch = buffers.get(SCRATCH)!;
    expect(bytes - scratch.offset - scratch.bytes).toBeGreaterThanOrEqual(64);
  });
});
