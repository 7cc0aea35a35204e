/** The C program that runs a model in a simulator: templates/harness.c.hbs filled with the places of one plan. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import type { Compilation } from '../compilation.js';
import type { QemuMachine } from '../ir/target.js';
import { packageRoot } from '../toolchain/package-root.js';
import type { MemoryLayout } from './memory-layout.js';
import type { Span } from './spans.js';

let template: HandlebarsTemplateDelegate | undefined;

/** C source of the harness; it includes `<model>.h` and defines `main` and `nanoc_fault`. */
export function harnessSource(compilation: Compilation, layout: MemoryLayout): string {
  template ??= Handlebars.compile(readFileSync(join(packageRoot(), 'templates/harness.c.hbs'), 'utf8'), {
    noEscape: true,
    strict: true,
  });
  return template(harnessView(compilation, layout));
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
    return { sent, sentEnd, kept, keptEnd, dead, deadEnd };
  });
  const { name, target } = compilation;
  const counter = target.qemu?.counter;
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
    isHost: target.qemu === undefined,
    counter: { defines: counter === undefined ? [] : counterDefines(counter) },
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
