/** The device against the reference evaluator, at every layer, in one build. */
import type { Compilation } from '../compilation.js';
import { type Value, valueOf } from '../ir/graph.js';
import { elementCount, type Tensor } from '../ir/tensor.js';
import { callIsTaken } from '../reference/taken.js';
import { accessed, findClobbers, type MemoryLayout, type StepLayout } from '../simulate/memory-layout.js';
import { referenceOutput } from '../simulate/onnx-form.js';
import { type DeviceProgram, withProgram } from '../simulate/program.js';
import type { Damage, VectorRecord } from '../simulate/protocol.js';
import { toDevice } from '../simulate/session.js';
import { containsSpan, intersects, type Span } from '../simulate/spans.js';
import { compareDevice, type Difference, elementText } from './compare.js';
import type { BuildVerification, Divergence, VerifyOptions } from './result.js';
import type { VectorSet } from './vector-set.js';

export interface DeviceBuild {
  readonly label: string;
  readonly compilation: Compilation;
  readonly poison: number;
}

/** The verdict on a build, and the first divergence of each step (index; the number of steps stands for the outputs). */
export interface DeviceVerdict extends BuildVerification {
  readonly byStep: ReadonlyMap<number, Divergence>;
  /** Values on the device that have no ONNX counterpart in the reference graph. */
  readonly withoutCounterpart: readonly string[];
}

/** Vectors that one start of the simulator runs: their records must fit into memory. */
const CHUNK_BYTES = 256 << 20;

/** @throws CompileError when the build or the simulator fails, with the layer that was running */
export async function verifyDevice(
  build: DeviceBuild,
  set: VectorSet,
  reference: readonly ReadonlyMap<string, Tensor>[],
  options: VerifyOptions,
): Promise<DeviceVerdict> {
  return withProgram(build.compilation, options, async (program) => {
    const check = new Checker(build, program, set, reference);
    const perVector = program.layout.steps.reduce((sum, step) => sum + bytesOf(step.sent), 1);
    const size = Math.max(1, Math.floor(CHUNK_BYTES / perVector));
    let state: Uint8Array | undefined;
    for (let start = 0; start < set.vectors.length; start += size) {
      options.onProgress?.(`${build.label}: vector ${start + 1} of ${set.vectors.length}`);
      const vectors = set.vectors.slice(start, start + size).map((vector) => toDevice(build.compilation, vector));
      const stimulus = {
        mode: 'verify',
        vectors,
        poison: build.poison,
        ...(state === undefined ? {} : { state }),
      } as const;
      const response = await program.respond(stimulus, options);
      state = response.state;
      response.vectors.forEach((record, index) => {
        check.vector(start + index, record);
      });
    }
    return check.verdict();
  });
}

function bytesOf(spans: readonly Span[]): number {
  return spans.reduce((sum, span) => sum + span.bytes, 0);
}

class Checker {
  private readonly byStep = new Map<number, Divergence>();
  private readonly withoutCounterpart = new Set<string>();
  private readonly compared = new Set<string>();
  private elements = 0;
  private first: Divergence | undefined;
  private readonly layout: MemoryLayout;

  constructor(
    private readonly build: DeviceBuild,
    program: DeviceProgram,
    private readonly set: VectorSet,
    private readonly reference: readonly ReadonlyMap<string, Tensor>[],
  ) {
    this.layout = program.layout;
    for (const clobber of findClobbers(build.compilation, this.layout)) {
      const { name, span } = clobber.victim;
      const reader = this.layout.steps[clobber.reader];
      const by = reader === undefined ? 'is a graph output' : `is read by ${this.describe(clobber.reader)} afterwards`;
      this.note(0, clobber.step, {
        kind: 'memory',
        tensor: name,
        difference: {
          element: [0],
          expected: 0,
          got: 0,
          differing: overlapOf(this.layout.steps[clobber.step]!, span),
          of: span.bytes,
        },
        message: `the plan lets ${this.describe(clobber.step)} write over "${name}", which ${by}`,
      });
    }
  }

  vector(vector: number, record: VectorRecord): void {
    const wrong = this.layout.steps.findIndex((step, index) => !this.step(vector, index, step, record));
    if (wrong < 0) this.outputs(vector, record);
  }

  verdict(): DeviceVerdict {
    return {
      build: this.build.label,
      passed: this.first === undefined,
      tensors: this.compared.size,
      elements: this.elements,
      ...(this.first === undefined ? {} : { divergence: this.first }),
      byStep: this.byStep,
      withoutCounterpart: [...this.withoutCounterpart],
    };
  }

  /** Compares all values of a step; false when one differs: what follows from it is not worth a message. */
  private step(vector: number, index: number, step: StepLayout, record: VectorRecord): boolean {
    const { damage, sent } = record.steps[index]!;
    const bytesAt = (span: Span): Uint8Array | undefined => {
      const at = step.sent.findIndex((each) => containsSpan(each, span));
      if (at < 0) return undefined;
      const from = span.offset - step.sent[at]!.offset;
      return sent[at]!.subarray(from, from + span.bytes);
    };
    const taken = this.isTaken(vector, step);
    for (const { name, span } of step.ready) {
      if (!taken && !this.isThere(vector, index, name, span)) continue;
      if (!this.value(vector, index, name, bytesAt(span)!)) return false;
    }
    if (!taken && step.fresh.some((span) => !this.untouched(vector, index, span, bytesAt(span)))) return false;
    if (damage === undefined) return true;
    this.note(vector, index, this.damage(index, step, damage));
    return false;
  }

  private isTaken(vector: number, { call }: StepLayout): boolean {
    return callIsTaken(call, this.build.compilation.program.graph, this.reference[vector]!);
  }

  /** After a step that was left out: whether its output holds what another branch has written, or the state as it was. */
  private isThere(vector: number, step: number, name: string, { region }: Span): boolean {
    if (region === 'state') return true;
    const before = this.layout.steps.slice(0, step).filter(({ call }) => accessed(call, 'write').includes(name));
    return before.some((each) => this.isTaken(vector, each));
  }

  /** A branch that is not taken leaves poison. */
  private untouched(vector: number, step: number, { offset }: Span, bytes: Uint8Array | undefined): boolean {
    const { poison } = this.build;
    const element = bytes?.findIndex((byte) => byte !== poison) ?? -1;
    if (bytes === undefined || element < 0) return true;
    const differing = bytes.filter((byte) => byte !== poison).length;
    this.note(vector, step, {
      kind: 'memory',
      tensor: this.layout.steps[step]!.call.node.outputs[0]!,
      difference: { element: [element], expected: poison, got: bytes[element]!, differing, of: bytes.length },
      message: `${this.describe(step)} wrote at byte ${offset + element} of the arena, although its branch is not taken`,
    });
    return false;
  }

  private value(vector: number, step: number, name: string, bytes: Uint8Array): boolean {
    const device = this.build.compilation.program.graph.values.get(name);
    const counterpart = device === undefined ? undefined : this.counterpart(device);
    const expected = counterpart === undefined ? undefined : this.reference[vector]!.get(counterpart.name);
    if (device === undefined || counterpart === undefined || expected === undefined) {
      this.withoutCounterpart.add(name);
      return true;
    }
    return this.compare(vector, step, device, counterpart, expected, bytes);
  }

  /** The reference graph's value that the device value stands for. */
  private counterpart(device: Value): Value | undefined {
    const { reference } = this.build.compilation;
    const value = device.source === undefined ? undefined : reference.values.get(device.source.name);
    if (value === undefined) return undefined;
    // A band holds a part of its tensor.
    const whole = device.source?.from !== undefined || elementCount(value.shape) === elementCount(device.shape);
    return whole ? value : undefined;
  }

  private outputs(vector: number, record: VectorRecord): void {
    const { program, reference } = this.build.compilation;
    this.layout.outputs.forEach(({ name }, index) => {
      const device = valueOf(program.graph, name);
      const counterpart = referenceOutput(program.graph, reference, name);
      const expected = this.reference[vector]!.get(counterpart.name)!;
      this.compare(vector, this.layout.steps.length, device, counterpart, expected, record.outputs[index]!);
    });
  }

  private compare(
    vector: number,
    step: number,
    device: Value,
    onnx: Value,
    expected: Tensor,
    bytes: Uint8Array,
  ): boolean {
    this.compared.add(device.name);
    this.elements += elementCount(device.shape);
    const difference = compareDevice(device, onnx, expected, bytes);
    if (difference === undefined) return true;
    const { element, differing, of } = difference;
    const where = step < this.layout.steps.length ? this.describe(step) : 'after the last step';
    this.note(vector, step, {
      kind: 'device',
      tensor: onnx.name,
      difference,
      message: `${where}: ${elementText(onnx.name, element)} is ${difference.got}, expected ${difference.expected}; ${differing} of ${of} elements differ`,
    });
    return false;
  }

  private damage(index: number, step: StepLayout, damage: Damage) {
    const { victim, offset, size } = this.victimOf(step, damage);
    const { count, expected, got } = damage;
    const bytes = count === 1 ? '1 byte' : `${count} bytes`;
    return {
      kind: 'memory',
      tensor: victim,
      difference: { element: [offset], expected, got, differing: count, of: size },
      message: `${this.describe(index)} changed ${bytes} that are not its own, the first in ${victim} at byte ${offset}: ${got}, before ${expected}`,
    } as const;
  }

  /** Which buffer a byte belongs to; for dead memory, which buffer it is near. */
  private victimOf(step: StepLayout, { region, offset }: Damage): { victim: string; offset: number; size: number } {
    const { arenaBytes, stateBytes } = this.layout;
    if (region === 'outside') return { victim: 'the memory around the context', offset: offset - 64, size: 128 };
    const byte: Span = { region, offset, bytes: 1 };
    const owner = step.live.find(({ span }) => intersects(span, byte));
    if (owner !== undefined)
      return { victim: `"${owner.name}"`, offset: offset - owner.span.offset, size: owner.span.bytes };
    const before = step.live
      .filter(({ span }) => span.region === region && span.offset <= offset)
      .sort((a, b) => b.span.offset + b.span.bytes - (a.span.offset + a.span.bytes))[0];
    const near =
      before === undefined ? '' : ` (${offset - before.span.offset - before.span.bytes} bytes behind "${before.name}")`;
    const { plan } = this.build.compilation;
    const what = plan.guardBytes > 0 ? 'guard bytes or dead memory' : 'dead memory';
    return { victim: `${what}${near}`, offset, size: region === 'arena' ? arenaBytes : stateBytes };
  }

  private describe(step: number): string {
    const { node } = this.layout.steps[step]!.call;
    return `step ${step + 1} "${node.name}" (${node.op})`;
  }

  private note(
    vector: number,
    step: number,
    found: { kind: 'device' | 'memory'; tensor: string; difference: Difference; message: string },
  ): void {
    const call = this.layout.steps[step]?.call;
    const { element, expected, got, differing, of } = found.difference;
    const vectorLabel = this.set.labels[vector] ?? `vector ${vector + 1}`;
    const divergence: Divergence = {
      kind: found.kind,
      build: this.build.label,
      vector,
      vectorLabel,
      ...(call === undefined ? {} : { step, node: `"${call.node.name}" (${call.node.op})`, kernel: call.function }),
      tensor: found.tensor,
      element,
      expected,
      got,
      differing,
      of,
      message: `${found.message} (vector ${vector + 1}, ${vectorLabel}; ${this.build.label})`,
    };
    if (!this.byStep.has(step)) this.byStep.set(step, divergence);
    this.first ??= divergence;
  }
}

function overlapOf(step: StepLayout, victim: Span): number {
  return step.own
    .filter((span) => intersects(span, victim))
    .reduce(
      (sum, span) =>
        sum + Math.min(span.offset + span.bytes, victim.offset + victim.bytes) - Math.max(span.offset, victim.offset),
      0,
    );
}
