import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { grouped } from '../report/format.js';
import type { Report } from '../report/schema.js';
import type { BudgetFlags } from './options.js';

interface Limit {
  readonly option: keyof BudgetFlags;
  readonly what: string;
  readonly unit: string;
  /** What is compared with the limit; undefined when it was not measured. */
  readonly figure: (report: Report) => number | undefined;
  /** What sets the figure. */
  readonly because?: (report: Report) => string | undefined;
}

const limits: readonly Limit[] = [
  {
    option: 'maxRam',
    what: 'RAM',
    unit: 'bytes',
    // Known before compilation: the context, with arena and state, and constants in fast RAM.
    figure: ({ measurements, memory }) => measurements?.ram ?? memory.ram.reduce((sum, { bytes }) => sum + bytes, 0),
    because: peakText,
  },
  {
    option: 'maxFlash',
    what: 'flash',
    unit: 'bytes',
    figure: ({ measurements }) => measurements?.flash,
    because: largestParts,
  },
  {
    option: 'maxStack',
    what: 'stack',
    unit: 'bytes',
    figure: ({ measurements }) => measurements?.stackBound ?? measurements?.stackPainted,
  },
  {
    option: 'maxInstructions',
    what: 'instructions of an inference',
    unit: '',
    figure: ({ measurements }) => measurements?.instructions,
    because: slowestLayers,
  },
];

/** An error (NC0401) for each budget that is exceeded, a warning (NC0402) for each that could not be checked. */
export function checkBudgets(budgets: BudgetFlags, report: Report): Diagnostic[] {
  return limits.flatMap((limit): Diagnostic[] => {
    const most = budgets[limit.option];
    if (most === undefined) return [];
    const figure = limit.figure(report);
    if (figure === undefined) return [unchecked(limit, report)];
    return figure <= most ? [] : [exceeded(limit, most, figure, report)];
  });
}

function exceeded({ option, what, unit, because }: Limit, most: number, figure: number, report: Report): Diagnostic {
  const reason = because?.(report);
  return {
    code: 'NC0401',
    severity: 'error',
    message: `${what}: ${grouped(figure - most)}${unit === '' ? '' : ` ${unit}`} over the budget of ${report.target.name}`,
    expected: `${option} ${grouped(most)}, got ${grouped(figure)}`,
    ...(reason === undefined ? {} : { because: reason }),
  };
}

function unchecked({ option, what }: Limit, report: Report): Diagnostic {
  const because =
    report.measurements === undefined
      ? 'nothing was compiled (--no-compile)'
      : `it cannot be measured for ${report.target.name}`;
  return {
    code: 'NC0402',
    severity: 'warning',
    message: `${option} was not checked: the ${what} is not known`,
    because,
  };
}

/** The largest live set, where it is, and its tensors. */
export function peakText({ plan }: Report): string {
  const { step, node, tensors } = plan.peak;
  const where = node === undefined ? '' : ` at step ${step + 1} of ${plan.steps.length}, "${node}"`;
  const shared = tensors.reduce((sum, { bytes }) => sum + bytes, 0) > plan.lowerBound ? ' (they share bytes)' : '';
  const lines = tensors.map(({ name, bytes }) => `  ${grouped(bytes)} "${name}"`);
  return [`the largest live set is ${grouped(plan.lowerBound)} bytes${where}${shared}:`, ...lines].join('\n');
}

function largestParts({ memory, measurements }: Report): string {
  const code = measurements?.code === undefined ? [] : [{ part: 'code', bytes: measurements.code }];
  const parts = [...memory.flash, ...code].sort((a, b) => b.bytes - a.bytes).slice(0, 4);
  return parts.map(({ part, bytes }) => `${part}: ${grouped(bytes)} bytes`).join('\n');
}

function slowestLayers({ layers }: Report): string | undefined {
  const counted = layers.flatMap(({ node, instructions }) =>
    instructions === undefined ? [] : [{ node, instructions }],
  );
  if (counted.length === 0) return undefined;
  const slowest = counted.sort((a, b) => b.instructions - a.instructions).slice(0, 4);
  return slowest.map(({ node, instructions }) => `"${node}": ${grouped(instructions)}`).join('\n');
}
