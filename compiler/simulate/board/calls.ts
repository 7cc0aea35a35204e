/** Single calls on a board: before each its memory is filled and its inputs written where the plan has them, and that step alone is run. */
import { bytesOf } from '../../ir/tensor.js';
import { type CallLayout, SCRATCH } from '../call-layout.js';
import type { CallOutcome, CallRun } from '../call-run.js';
import { accessed, spanOf } from '../memory-layout.js';
import { complementSpans, type Region } from '../spans.js';
import { KnownMemory } from './memory.js';
import { MORE, type OpenBoard } from './run.js';

/** A call of the program that the board has. */
export interface BoardCall {
  /** Index in the plan. */
  readonly step: number;
  /** In which outcomes show the call's memory. */
  readonly layout: CallLayout;
  readonly runs: readonly Omit<CallRun, 'call'>[];
}

/**
 * The outcomes of a call's runs, in order; none is made after one that fails.
 * @throws CompileError NC0708 when the board does not answer or was reset, NC0702 when the step does not end
 */
export async function runBoardCall(
  { compilation, layout: { arenaBytes, stateBytes }, device }: OpenBoard,
  { step, layout, runs }: BoardCall,
): Promise<CallOutcome[]> {
  const { plan, name: model } = compilation;
  const call = plan.calls[step]!;
  const places = [...layout.buffers].map(([name, { offset, bytes }]) => {
    const placed = spanOf(plan, name === SCRATCH ? `${call.node.name}${SCRATCH}` : name)!;
    return { name, offset, span: { ...placed, bytes } };
  });
  const writes = new Set([...accessed(call, 'write'), SCRATCH]);
  const written = places.filter(({ name }) => writes.has(name)).map(({ span }) => span);
  const sizes = { arena: arenaBytes, state: stateBytes };
  const regions = Object.keys(sizes) as Region[];
  const kept = regions.flatMap((region) => complementSpans(written, region, sizes[region]));
  const expected = step + 1 < plan.calls.length ? MORE : 0;
  const outcomes: CallOutcome[] = [];
  for (const { inputs, filling } of runs) {
    const memory = new KnownMemory(device, sizes);
    await memory.protect();
    for (const region of regions) await memory.fill({ region, offset: 0, bytes: sizes[region] }, filling);
    for (const { name, span } of places) {
      const tensor = inputs.get(name);
      if (tensor !== undefined) await memory.write(span, bytesOf(tensor.data));
    }
    const status = await device.step(step);
    if (status !== expected) {
      const message = `${model}_step returned ${status}, expected ${expected}`;
      return [...outcomes, { failure: { code: 'NC0703', severity: 'error', message } }];
    }
    memory.forget(written);
    const damage = await memory.damage(kept);
    const image = new Uint8Array(layout.bytes).fill(filling);
    for (const { span, offset } of places) image.set(await memory.read(span), offset);
    outcomes.push({ memory: image, ...(damage === undefined ? {} : { damage }) });
  }
  return outcomes;
}
