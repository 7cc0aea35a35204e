/**
 * `npm run table:lm [-- FORMS]`: the table of techniques in examples/nano-gpt/README.md. Instructions a token are the mean of the first 64
 * tokens of ONNX Runtime's text; memory, cycles, energy and the worst case are those of a Cortex-M4. With names of forms only their rows are
 * measured, and the others stay.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Compilation } from '../compiler/compilation.js';
import { withProgram } from '../compiler/simulate/program.js';
import { runVectors } from '../compiler/simulate/session.js';
import { measure } from '../compiler/toolchain/measure.js';
import {
  type Choices,
  choicesOf,
  compileForm,
  differing,
  type Form,
  logitsOf,
  NANO_GPT,
  stepsOf,
  trainedForms,
} from './nano-gpt.js';

const M4 = 'cortex-m4';
const TARGETS = [M4, 'cortex-m7', 'cortex-m55', 'rv32imc', 'lx7'];
const FIRST = 64;
const TIMEOUT_MS = 600_000;

/**
 * A Cortex-M4 whose data sheet says what it takes: Nordic nRF52840, Product Specification, "CPU", I_CPU0: CoreMark from flash at 64 MHz
 * with the DC/DC converter at 3 V.
 */
const CHIP = { name: 'nRF52840', megahertz: 64, volts: 3, milliamperes: 3.3 };

interface Row {
  readonly form: Form;
  readonly bitsPerByte: number;
  readonly flash: number;
  readonly ram: number;
  /** By TARGETS. */
  readonly instructions: readonly number[];
  readonly cycles: number;
  readonly error: number;
  /** Tokens of ONNX Runtime's choice, and how many of them all targets choose too. */
  readonly tokens: number;
  readonly same: number;
  /** The most that any way through the branches takes, of a form that has some. */
  readonly worst: number | undefined;
}

const MARKS = ['<!-- techniques -->\n', '<!-- end of techniques -->'] as const;
const README = join(NANO_GPT, 'README.md');

const wanted = process.argv.slice(2);
const kept = wanted.length === 0 ? [] : tableLines();
const rows: Row[] = [];
for (const [form, { bitsPerByte }] of trainedForms()) {
  if (wanted.length > 0 && !wanted.includes(form)) continue;
  rows.push(await measureForm(form, bitsPerByte));
  console.error(`${form}: ${JSON.stringify(rows.at(-1))}`);
}
writeTable(tableOf(rows));

async function measureForm(form: Form, bitsPerByte: number): Promise<Row> {
  const choices = choicesOf(form);
  const runs = [];
  for (const target of TARGETS) runs.push(await runForm(await compileForm(form, target), choices));
  const vectors = stepsOf(choices).slice(0, FIRST);
  const measured = await measure(await compileForm(form, M4), { vectors, timeoutMs: TIMEOUT_MS });
  const counted = measured.layers!.reduce((sum, layer) => sum + layer.instructions, 0);
  const differs = new Set(runs.flatMap((run) => run.differs));
  return {
    form,
    bitsPerByte,
    flash: measured.flash!,
    ram: measured.ram! + measured.stackBound!,
    instructions: runs.map(({ average }) => average),
    cycles: Math.round((runs[0]!.average * measured.cycles!.estimate) / counted),
    error: measured.cycles!.error,
    tokens: choices.tokens.length,
    same: choices.tokens.length - differs.size,
    worst: measured.expectedInstructions === undefined ? undefined : measured.instructions!,
  };
}

async function runForm(compilation: Compilation, choices: Choices) {
  const options = { timeoutMs: TIMEOUT_MS };
  const result = await withProgram(compilation, options, (program) => runVectors(program, stepsOf(choices), options));
  const counts = result.steps.slice(0, FIRST).map(({ instructions }) => instructions!);
  const average = Math.round(counts.reduce((sum, count) => sum + count, 0) / counts.length);
  return { average, differs: differing(choices, logitsOf(result)) };
}

function tableOf(all: readonly Row[]): string {
  const head = [
    'form',
    'bits per byte',
    'flash',
    'RAM',
    'M4',
    'M7',
    'M55',
    'rv32imc',
    'LX7',
    'tokens/s',
    'µJ a token',
    'tokens',
    'worst case',
  ];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const body = [...trainedForms().keys()]
    .flatMap((form) => {
      const row = all.find((each) => each.form === form);
      return row === undefined ? kept.filter((text) => text.startsWith(`| ${form} |`)) : [line(cellsOf(row))];
    })
    .join('');
  const { name, megahertz, volts, milliamperes } = CHIP;
  const error = `${Math.round(all[0]!.error * 100)} %`;
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '--:'))),
    body,
    '\nBytes on the Cortex-M4 (RAM with states and stack), instructions a token (mean of the first 64), and of 100 tokens those that all five cores choose as ONNX Runtime.\n',
    'Worst case: where the token decides what is computed, the most that any way through the model takes on the M4 at these positions.\n',
    `Tokens a second and energy are estimates: cycles as in [CYCLES.md](../../docs/CYCLES.md) (${error} off, without wait states) on an ${name} at ${megahertz} MHz, which takes\n`,
    `${milliamperes} mA at ${volts} V when it runs CoreMark from flash (its product specification, I_CPU0).\n`,
  ].join('');
}

function cellsOf({ form, bitsPerByte, flash, ram, instructions, cycles, tokens, same, worst }: Row): string[] {
  const perSecond = (CHIP.megahertz * 1e6) / cycles;
  const microjoules = (CHIP.milliamperes * CHIP.volts * 1000) / perSecond;
  const counts = [flash, ram, ...instructions].map((count) => count.toLocaleString('en-US'));
  return [
    form,
    bitsPerByte.toFixed(3),
    ...counts,
    perSecond.toFixed(0),
    microjoules.toFixed(0),
    `${same} of ${tokens}`,
    worst === undefined ? '' : worst.toLocaleString('en-US'),
  ];
}

function writeTable(table: string): void {
  const text = readFileSync(README, 'utf8');
  const [from, to] = MARKS.map((mark) => text.indexOf(mark));
  if (from! < 0 || to! < from!) throw new Error(`${README} has no part "techniques"`);
  writeFileSync(README, `${text.slice(0, from!)}${MARKS[0]}${table}${text.slice(to!)}`);
}

/** The lines of the table as it is. */
function tableLines(): string[] {
  const text = readFileSync(README, 'utf8');
  const [from, to] = MARKS.map((mark) => text.indexOf(mark));
  return text.slice(from, to).split(/(?<=\n)/);
}
