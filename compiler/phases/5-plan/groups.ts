/** Values that must lie at fixed distances from each other, because views tie them together. */
import { valueOf } from '../../ir/graph.js';
import type { Program, View } from '../../ir/kernel-call.js';
import { byteLength, bytesPerElement } from '../../ir/tensor.js';
import { type Contents, readsOf, writesOf } from './contents.js';

export type Region = 'arena' | 'state' | 'flash';

interface Member {
  readonly name: string;
  /** Bytes from the group's own zero; may be negative. */
  readonly offset: number;
  readonly bytes: number;
  /** Address alignment that the users of this value need. */
  readonly alignment: number;
  readonly defined: boolean;
}

/** The place of one part in the base of a Concat: taken, before the part is joined or copied there. */
interface Slot {
  readonly view: View;
  readonly offset: number;
  readonly bytes: number;
}

export interface Group {
  readonly members: readonly Member[];
  readonly slots: readonly Slot[];
  readonly region: Region;
}

/** Groups of values, one value each to begin with; `join` ties the two sides of a view together where that can be right. */
export class Groups {
  private readonly groups = new Map<string, Group>();
  private readonly place = new Map<string, { group: string; offset: number }>();

  constructor(
    private readonly program: Program,
    private readonly contents: Contents,
  ) {
    const alignments = alignmentsOf(program);
    const states = new Set(program.graph.states.map((state) => state.input));
    const slots = slotsOf(program, contents);
    for (const name of namesOf(program, contents)) {
      const value = valueOf(program.graph, name);
      const definition = contents.definitions.get(name);
      const region = definition?.writer === 'constant' ? 'flash' : states.has(name) ? 'state' : 'arena';
      const alignment = alignments.get(name) ?? bytesPerElement(value.dtype);
      const member = { name, offset: 0, bytes: byteLength(value), alignment, defined: definition !== undefined };
      this.groups.set(name, { members: [member], slots: slots.get(name) ?? [], region });
      this.place.set(name, { group: name, offset: 0 });
    }
  }

  list(): Group[] {
    return [...this.groups.values()];
  }

  groupOf(name: string): Group {
    return this.groups.get(this.placeOf(name).group)!;
  }

  /** Undefined when the view now holds, else why its two values cannot lie in one piece of memory. */
  join(view: View): string | undefined {
    const [base, value] = [this.placeOf(view.base), this.placeOf(view.value)];
    const kind = this.contents.kindOf(view);
    if (base.group === value.group) {
      return value.offset === base.offset + view.byteOffset
        ? undefined
        : 'the value has another place in the same memory already';
    }
    const [a, b] = [this.groups.get(base.group)!, this.groups.get(value.group)!];
    if (kind !== 'overwrite') {
      const definedIn = (group: Group) => writtenIn(group.members).length > 0 || group.slots.length > 0;
      if ((a.region === 'flash' && definedIn(b)) || (b.region === 'flash' && (definedIn(a) || kind === 'part'))) {
        return 'a constant lies in flash';
      }
    }
    // Address of b's zero, seen from a's.
    const shift = base.offset + view.byteOffset - value.offset;
    const moved = { members: b.members.map(move(shift)), slots: b.slots.map(move(shift)) };
    const slots = a.slots.filter((slot) => slot.view !== view);
    if (
      kind !== 'overwrite' &&
      clash([...writtenIn(a.members), ...slots], [...writtenIn(moved.members), ...moved.slots])
    ) {
      return 'two values that are written would share bytes';
    }
    const members = [...a.members, ...moved.members];
    if (residueOf(members) === undefined) return 'the alignment of one of the two would be lost';
    this.groups.set(base.group, {
      members,
      slots: [...slots, ...moved.slots],
      region: joinedRegion(a.region, b.region),
    });
    this.groups.delete(value.group);
    for (const member of moved.members) this.place.set(member.name, { group: base.group, offset: member.offset });
    return undefined;
  }

  private placeOf(name: string): { group: string; offset: number } {
    const place = this.place.get(name);
    if (place === undefined)
      throw new Error(`invariant: nothing writes "${name}" in graph "${this.program.graph.name}"`);
    return place;
  }
}

/** Largest alignment of a group's members, and the address modulo it that its zero must have; undefined when they contradict each other. */
export function residueOf(members: readonly Member[]): { alignment: number; residue: number } | undefined {
  const strictest = members.reduce((a, b) => (b.alignment > a.alignment ? b : a));
  const { alignment } = strictest;
  const residue = modulo(-strictest.offset, alignment);
  const fits = members.every((member) => modulo(residue + member.offset, member.alignment) === 0);
  return fits ? { alignment, residue } : undefined;
}

export function modulo(x: number, n: number): number {
  return ((x % n) + n) % n;
}

function joinedRegion(a: Region, b: Region): Region {
  if (a === 'state' || b === 'state') return 'state';
  return a === 'flash' || b === 'flash' ? 'flash' : 'arena';
}

interface Stretch {
  readonly offset: number;
  readonly bytes: number;
}

function move(shift: number) {
  return <T extends Stretch>(stretch: T): T => ({ ...stretch, offset: stretch.offset + shift });
}

function writtenIn(members: readonly Member[]): Member[] {
  return members.filter((member) => member.defined);
}

function clash(a: readonly Stretch[], b: readonly Stretch[]): boolean {
  return a.some((x) => b.some((y) => x.offset < y.offset + y.bytes && y.offset < x.offset + x.bytes));
}

function slotsOf(program: Program, contents: Contents): Map<string, Slot[]> {
  const slots = new Map<string, Slot[]>();
  for (const view of program.views) {
    if (contents.kindOf(view) !== 'part') continue;
    const slot = { view, offset: view.byteOffset, bytes: byteLength(valueOf(program.graph, view.value)) };
    slots.set(view.base, [...(slots.get(view.base) ?? []), slot]);
  }
  return slots;
}

/** Every value that has memory: what is written, what views name, and the constants that calls or the caller read as they are. */
function namesOf(program: Program, contents: Contents): Set<string> {
  const names = new Set<string>();
  for (const [name, { writer }] of contents.definitions) if (writer !== 'constant') names.add(name);
  for (const view of program.views) {
    names.add(view.value);
    names.add(view.base);
  }
  for (const call of program.calls) for (const name of readsOf(call)) names.add(name);
  for (const name of program.graph.outputs) names.add(name);
  return names;
}

function alignmentsOf(program: Program): Map<string, number> {
  const alignments = new Map<string, number>();
  for (const call of program.calls) {
    for (const name of [...readsOf(call), ...writesOf(call)]) {
      const element = bytesPerElement(valueOf(program.graph, name).dtype);
      alignments.set(name, Math.max(alignments.get(name) ?? element, call.alignment ?? 1));
    }
  }
  return alignments;
}
