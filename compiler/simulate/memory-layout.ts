/**
 * What the harness must know of a plan: where inputs and outputs lie, and for each step which bytes it writes, which it
 * may change, and which are dead. Lifetimes are worked out here from the calls and views alone, not taken from the
 * planner, so that a wrong lifetime in the plan shows as a wrong byte.
 */
import type { Compilation } from '../compilation.js';
import { valueOf } from '../ir/graph.js';
import type { KernelCall, View } from '../ir/kernel-call.js';
import type { MemoryPlan } from '../ir/memory-plan.js';
import { byteLength } from '../ir/tensor.js';
import { complementSpans, intersects, mergeSpans, type Span } from './spans.js';

/** A value and the bytes that hold it. */
export interface PlacedValue {
  readonly name: string;
  readonly span: Span;
}

export interface StepLayout {
  readonly call: KernelCall;
  /** Values that can be read for the first time after this step: what it wrote, with views, and joints that it completed. */
  readonly ready: readonly PlacedValue[];
  /** The bytes of `ready`, merged: what the harness sends back. */
  readonly sent: readonly Span[];
  /** What the step may change: its outputs and scratch. */
  readonly own: readonly Span[];
  /** What it must leave as it is: all the rest. */
  readonly kept: readonly Span[];
  /** Bytes of the arena that hold nothing during this step. */
  readonly dead: readonly Span[];
  /** Of a call under guards: the bytes of the arena that only it would write, and that hold nothing before. */
  readonly fresh: readonly Span[];
  /** Buffers that hold something during this step, for messages. */
  readonly live: readonly PlacedValue[];
}

export interface MemoryLayout {
  /** Graph inputs that are not states, in graph order. */
  readonly inputs: readonly PlacedValue[];
  /** Graph outputs outside flash, in graph order. */
  readonly outputs: readonly PlacedValue[];
  readonly steps: readonly StepLayout[];
  readonly arenaBytes: number;
  readonly stateBytes: number;
}

export function memoryLayout(compilation: Compilation): MemoryLayout {
  const { plan } = compilation;
  const { graph } = compilation.program;
  const states = new Set(graph.states.map((state) => state.input));
  // After the last step a state output is where the next step looks for it: in the place of its input.
  const placeOf = new Map(graph.states.map((state) => [state.output, state.input]));
  return {
    inputs: graph.inputs.filter((name) => !states.has(name)).flatMap((name) => placed(plan, name)),
    outputs: graph.outputs.flatMap((name) =>
      placed(plan, placeOf.get(name) ?? name).map(({ span }) => ({ name, span })),
    ),
    steps: stepLayouts(compilation),
    arenaBytes: plan.arenaBytes,
    stateBytes: plan.stateBytes,
  };
}

/**
 * Place of a value or scratch in RAM; undefined for constants and for a call without scratch.
 * @throws Error (a defect of nanoc) when a value has no place
 */
export function spanOf(plan: MemoryPlan, name: string): Span | undefined {
  const placement = plan.placements.get(name);
  if (placement === undefined && !name.endsWith('#scratch'))
    throw new Error(`invariant: "${name}" has no place in the plan`);
  if (placement === undefined || placement.region === 'flash') return undefined;
  return { region: placement.region, offset: placement.offset, bytes: placement.bytes };
}

/** Values that a call reads or writes; the selectors of its guards are read too. */
export function accessed(call: KernelCall, access: 'read' | 'write'): string[] {
  const values = call.arguments.flatMap((each) =>
    each.kind === 'value' && each.access === access ? [each.value] : [],
  );
  return access === 'write' ? values : [...values, ...(call.guards ?? []).map(({ selector }) => selector)];
}

function stepLayouts(compilation: Compilation): StepLayout[] {
  const { plan } = compilation;
  const lifetimes = lifetimesOf(compilation);
  return plan.calls.map((call, step) => {
    const written = accessed(call, 'write');
    const names = [...lifetimes].filter(([, life]) => life.ready === step).map(([name]) => name);
    // What another branch has written before, too.
    const ready = [...new Set([...names, ...written])].flatMap((name) => placed(plan, name));
    const scratch = placed(plan, `${call.node.name}#scratch`);
    const live = [...lifetimes]
      .filter(([, life]) => life.first <= step && step <= life.last)
      .flatMap(([name]) => placed(plan, name));
    const own = mergeSpans([...written.flatMap((name) => placed(plan, name)), ...scratch].map(({ span }) => span));
    const spans = live.map(({ span }) => span);
    const before = [...lifetimes].filter(([, life]) => life.first < step && step <= life.last);
    const held = before.flatMap(([name]) => placed(plan, name)).map(({ span }) => span);
    return {
      call,
      ready,
      sent: mergeSpans(ready.map(({ span }) => span)),
      own,
      kept: [...complementSpans(own, 'arena', plan.arenaBytes), ...complementSpans(own, 'state', plan.stateBytes)],
      dead: complementSpans([...spans, ...own], 'arena', plan.arenaBytes),
      fresh: call.guards === undefined ? [] : withoutSpans(own, held),
      live: [...live, ...scratch],
    };
  });
}

/** The bytes of the arena in `spans` that are in none of the others. */
function withoutSpans(spans: readonly Span[], others: readonly Span[]): Span[] {
  return spans
    .filter(({ region }) => region === 'arena')
    .flatMap(({ region, offset, bytes }) => {
      const inside = others.flatMap((other): Span[] => {
        const start = Math.max(offset, other.offset);
        const end = Math.min(offset + bytes, other.offset + other.bytes);
        return other.region === region && start < end ? [{ region, offset: start - offset, bytes: end - start }] : [];
      });
      return complementSpans(inside, region, bytes).map((hole) => ({ ...hole, offset: offset + hole.offset }));
    });
}

/** A step whose writes reach into a value that a later step still reads: a plan that cannot work, whatever the data. */
export interface Clobber {
  readonly step: number;
  readonly victim: PlacedValue;
  /** Step that reads it afterwards; the number of steps for a graph output. */
  readonly reader: number;
}

/** Every value that is read after a step has written over it. */
export function findClobbers(compilation: Compilation, layout: MemoryLayout): Clobber[] {
  const { plan } = compilation;
  const { graph } = compilation.program;
  const states = new Set(graph.states.map((state) => state.output));
  const readers = new Map<string, number>();
  plan.calls.forEach((call, step) => {
    for (const name of accessed(call, 'read')) readers.set(name, step);
  });
  for (const name of graph.outputs) if (!states.has(name)) readers.set(name, plan.calls.length);
  const lifetimes = lifetimesOf(compilation);
  return [...readers].flatMap(([name, reader]) => {
    const [victim] = placed(plan, name);
    const ready = lifetimes.get(name)?.ready;
    if (victim === undefined || ready === undefined) return [];
    const between = layout.steps.slice(ready + 1, reader);
    const at = between.findIndex((step) => step.own.some((span) => intersects(span, victim.span)));
    return at < 0 ? [] : [{ step: ready + 1 + at, victim, reader }];
  });
}

function placed(plan: MemoryPlan, name: string): PlacedValue[] {
  const span = spanOf(plan, name);
  return span === undefined ? [] : [{ name, span }];
}

interface Lifetime {
  /** Step that writes the first byte, and step after which all are there on every way through the branches; -1 for graph inputs. */
  readonly first: number;
  readonly ready: number;
  /** Last step that reads any of its bytes; the number of calls for what must be there after the last one. */
  readonly last: number;
}

/** Lifetimes of all values in RAM, by name. */
function lifetimesOf(compilation: Compilation): Map<string, Lifetime> {
  const { plan } = compilation;
  const { graph } = compilation.program;
  /** First and last step that writes a value; views have none. */
  const written = new Map<string, readonly [number, number]>(graph.inputs.map((name) => [name, [-1, -1]]));
  const reads = new Map<string, number>();
  const states = new Set(graph.states.map((state) => state.output));
  plan.calls.forEach((call, step) => {
    for (const name of accessed(call, 'read')) reads.set(name, step);
    for (const name of accessed(call, 'write')) {
      written.set(name, [written.get(name)?.[0] ?? step, step]);
    }
  });
  for (const name of graph.outputs) if (!states.has(name)) reads.set(name, plan.calls.length);

  // A view is a window of its base, or its value is written at its place in the base: a part of a Concat, a state's next value.
  const parts = new Map<string, View[]>();
  const windows = new Map<string, View>();
  const wholes = new Map<string, string[]>();
  const append = <T>(lists: Map<string, T[]>, key: string, item: T) =>
    lists.set(key, [...(lists.get(key) ?? []), item]);
  for (const view of plan.views) {
    const isPart = view.node.outputs.includes(view.base) || written.has(view.value);
    if (isPart) append(parts, view.base, view);
    else windows.set(view.value, view);
    append(wholes, isPart ? view.value : view.base, isPart ? view.base : view.value);
  }
  /** Steps that write bytes of a value: a window of a Concat may be read for the last time before another part of that is written. */
  const writers = (name: string, from: number, to: number): readonly number[] => {
    const own = written.get(name);
    if (own !== undefined) return own;
    const window = windows.get(name);
    if (window !== undefined) return writers(window.base, from + window.byteOffset, to + window.byteOffset);
    return (parts.get(name) ?? []).flatMap(({ value, byteOffset }) => {
      const [low, high] = [Math.max(from, byteOffset), Math.min(to, byteOffset + bytesOf(value))];
      return low < high ? writers(value, low - byteOffset, high - byteOffset) : [];
    });
  };
  const bytesOf = (name: string): number => byteLength(valueOf(graph, name));
  const first = (name: string): number => Math.min(...writers(name, 0, bytesOf(name)));
  const ready = memoize((name): number => Math.max(...writers(name, 0, bytesOf(name))));
  const last = memoize((name): number =>
    Math.max(reads.get(name) ?? ready(name), ...(wholes.get(name) ?? []).map(last)),
  );
  const names = new Set([...written.keys(), ...plan.views.flatMap((view) => [view.value, view.base])]);
  const inRam = [...names].filter((name) => spanOf(plan, name) !== undefined);
  return new Map(inRam.map((name) => [name, { first: first(name), ready: ready(name), last: last(name) }]));
}

function memoize(compute: (name: string) => number): (name: string) => number {
  const known = new Map<string, number>();
  return (name) => {
    const found = known.get(name);
    if (found !== undefined) return found;
    const value = compute(name);
    known.set(name, value);
    return value;
  };
}
