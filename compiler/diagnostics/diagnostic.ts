/**
 * Diagnostics: what the user reads when something is wrong. Each has a code with a page in `catalogue/NCxxxx.md`
 * (first line `# NC0203: title`, then why and what to do), printed by `nanoc explain NC0203`.
 *
 * NC01xx import, NC02xx check and quantization, NC03xx rewrite and lowering, NC04xx plan and budgets, NC05xx emit and files,
 * NC06xx toolchain, NC07xx simulator and verification, NC08xx command line and options, NC09xx defects of nanoc.
 */
export type Severity = 'error' | 'warning' | 'note';

export interface Diagnostic {
  readonly code: `NC${string}`;
  readonly severity: Severity;
  /** One line that stands alone, no full stop. */
  readonly message: string;
  /** e.g. `"/conv2/Conv_quant" (QLinearConv, opset 10), input 5 "w_zero_point": int8[32]` */
  readonly node?: string;
  readonly expected?: string;
  readonly because?: string;
  /** What to do about it. */
  readonly help?: string;
}

/** Process exit codes (DESIGN.md section 10). */
export const EXIT = { good: 0, failed: 1, usage: 2, missingTool: 3, defect: 4 } as const;

/** Thrown by anything that cannot go on. Carries every diagnostic found so far; the CLI renders them without a stack trace. */
export class CompileError extends Error {
  constructor(
    readonly diagnostics: readonly Diagnostic[],
    readonly exitCode: number = EXIT.usage,
  ) {
    super(diagnostics.map((d) => `${d.severity}[${d.code}]: ${d.message}`).join('\n'));
    this.name = 'CompileError';
  }
}

/** Throws one error at once. */
export function fail(diagnostic: Omit<Diagnostic, 'severity'>, exitCode: number = EXIT.usage): never {
  throw new CompileError([{ ...diagnostic, severity: 'error' }], exitCode);
}

/** Gathers diagnostics so that one run reports many causes; `throwIfErrors()` ends a phase. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];

  error(diagnostic: Omit<Diagnostic, 'severity'>): void {
    this.list.push({ ...diagnostic, severity: 'error' });
  }

  warning(diagnostic: Omit<Diagnostic, 'severity'>): void {
    this.list.push({ ...diagnostic, severity: 'warning' });
  }

  note(diagnostic: Omit<Diagnostic, 'severity'>): void {
    this.list.push({ ...diagnostic, severity: 'note' });
  }

  /** Runs `action`; the diagnostics of a CompileError that it throws are gathered and undefined is returned. */
  collect<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      this.list.push(...error.diagnostics);
      return undefined;
    }
  }

  throwIfErrors(): void {
    if (this.list.some((d) => d.severity === 'error')) throw new CompileError(this.list);
  }
}
