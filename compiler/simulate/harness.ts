/** The C program that runs a model in a simulator: templates/harness.c.hbs filled with the places of one plan. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import type { Compilation } from '../compilation.js';
import type { QemuMachine, Target } from '../ir/target.js';
import { packageRoot } from '../toolchain/package-root.js';
import type { MemoryLayout } from './memory-layout.js';
import type { Span } from './spans.js';

const templates = new Map<string, HandlebarsTemplateDelegate>();

/** A program that runs in a simulator, `templates/<name>`, filled; `world.c.hbs` is a part of each. */
export function simulatedProgram(name: string, view: object): string {
  const known = templates.get(name);
  if (known !== undefined) return known(view);
  const read = (file: string) => readFileSync(join(packageRoot(), 'templates', file), 'utf8');
  const handlebars = Handlebars.create();
  handlebars.registerPartial('world', read('world.c.hbs'));
  const template = handlebars.compile(read(name), { noEscape: true, strict: true });
  templates.set(name, template);
  return template(view);
}

/** C source of the harness; it includes `<model>.h` and defines `main` and `nanoc_fault`. */
export function harnessSource(compilation: Compilation, layout: MemoryLayout): string {
  return simulatedProgram('harness.c.hbs', harnessView(compilation, layout));
}

/** What `world.c.hbs` wants to know of a target. */
export function worldView({ qemu }: Target): object {
  return {
    isHost: qemu === undefined,
    counter: { defines: qemu === undefined ? [] : counterDefines(qemu.counter) },
  };
}

function harnessView(compilation: Compilation, layout: MemoryLayout) {
  const spans: Span[] = [];
  const add = (list: readonly Span[]): [number, number] => {
    const first = spans.length;
    spans.push(...list);
    return [first, spans.length];
  };
  const steps = layout.steps.map((step) => {
    const [sent, sentEnd] = add(step.sent);
    const [kept, keptEnd] = add(step.kept);
    const [dead, deadEnd] = add(step.dead);
    const [fresh, freshEnd] = add(step.fresh);
    return { sent, sentEnd, kept, keptEnd, dead, deadEnd, fresh, freshEnd };
  });
  const { name, target } = compilation;
  return {
    model: name,
    header: `${name}.h`,
    prefix: name,
    macro: name.toUpperCase(),
    type: `${name}_t`,
    inputs: layout.inputs.map(({ span }) => spanView(span)),
    outputs: layout.outputs.map(({ span }) => spanView(span)),
    spans: spans.map(spanView),
    steps,
    arenaBytes: layout.arenaBytes,
    stateBytes: layout.stateBytes,
    hasArena: layout.arenaBytes > 0 ? 1 : 0,
    hasState: layout.stateBytes > 0 ? 1 : 0,
    ...worldView(target),
  };
}

/** Macros that the target's `simulated.h` reads. */
export function counterDefines({ timer, address }: QemuMachine['counter']): string[] {
  return [
    ...(address === undefined ? [] : [`NANOC_TIMER 0x${address.toString(16)}u`]),
    ...(timer === 'systick' ? ['NANOC_SYSTICK'] : []),
  ];
}

function spanView(span: Span) {
  return { region: span.region === 'state' ? 1 : 0, offset: span.offset, bytes: span.bytes };
}
