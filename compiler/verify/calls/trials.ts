/** The runs by which a call is proven, and the verdict on what they left. */
import type { CallLayout } from '../../simulate/call-layout.js';
import type { PlacedCall } from '../../simulate/call-program.js';
import type { CallOutcome } from '../../simulate/call-run.js';
import type { Damage } from '../../simulate/protocol.js';
import { type CallFault, type CallTrial, faultIn } from './fault.js';
import type { CallVerdict } from './prove.js';
import { expectedOf, onDevice, referenceOf } from './reference.js';
import { stimuliFor } from './stimuli.js';

/** What memory holds before a run, by turns: a write of the same byte would not show. */
const FILLINGS = [0x55, 0xaa];

export function trialsOf({ call, graph, layout }: PlacedCall): CallTrial[] {
  const reference = referenceOf(call, graph);
  const { vectors, labels } = stimuliFor(reference);
  return vectors.map((vector, index) => ({
    ...{ call, layout, vector: labels[index]!, channelsLast: reference.channelsLast },
    filling: FILLINGS[index % FILLINGS.length]!,
    inputs: held(onDevice(reference, vector), layout),
    expected: expectedOf(reference, vector),
  }));
}

/** A value that the node has and the call does not read has no place. */
function held<T>(tensors: ReadonlyMap<string, T>, { buffers }: CallLayout): Map<string, T> {
  return new Map([...tensors].filter(([name]) => buffers.has(name)));
}

export function verdictOn(trials: readonly CallTrial[], outcomes: readonly CallOutcome[]): CallVerdict {
  const counts = outcomes.flatMap((outcome) =>
    outcome !== undefined && 'memory' in outcome ? (outcome.instructions ?? []) : [],
  );
  const measured = counts.length === 0 ? {} : { instructions: Math.max(...counts) };
  for (const [index, trial] of trials.entries()) {
    const fault = faultOf(trial, outcomes[index]);
    if (fault !== undefined) return { verdict: 'wrong', fault, ...measured };
  }
  return { verdict: 'proven', runs: trials.length, ...measured };
}

function faultOf(trial: CallTrial, outcome: CallOutcome): CallFault | undefined {
  // The run before it has failed, and is told.
  if (outcome === undefined) return undefined;
  if ('memory' in outcome) return faultIn(trial, outcome.memory) ?? damageOf(trial, outcome.damage);
  const { code, message } = outcome.failure;
  return {
    kind: 'failure',
    vector: trial.vector,
    message: `does not end well: ${message} [${code}] (${trial.vector})`,
  };
}

/** Bytes that are in none of the call's buffers. */
function damageOf({ vector }: CallTrial, damage: Damage | undefined): CallFault | undefined {
  if (damage === undefined) return undefined;
  const { region, offset, count } = damage;
  const where = region === 'outside' ? 'the memory around the context' : `the ${region}`;
  const bytes = count === 1 ? '1 byte' : `${count} bytes`;
  const message = `changes ${bytes} outside of its buffers, the first in ${where} at byte ${offset} (${vector})`;
  return { kind: 'memory', vector, differing: count, message };
}
