/** Wrong calls are routed round: their kernels are excluded, and the model is compiled again, until all that is left is proven. */
import type { Compilation } from '../../compilation.js';
import type { ExcludedKernel } from '../../ir/excluded.js';
import type { KernelCall } from '../../ir/kernel-call.js';
import { hasKernelBesides } from '../../phases/4-lower/index.js';
import type { JUnitCase } from '../junit.js';
import type { VerifyResult } from '../result.js';
import type { CallFault } from './fault.js';
import type { FaultStore } from './fault-store.js';
import { type CallProof, type CallVerdict, isVendorCall, knownFaults, type ProveOptions, proveCalls } from './prove.js';

/** A wrong call and what runs its layer instead. */
export interface ReplacedCall {
  readonly output: string;
  readonly node: string;
  readonly op: string;
  readonly kernel: string;
  readonly fault: CallFault;
  /** Of the wrong call, measured; absent where the simulator does not count. */
  readonly instructions?: number;
  readonly replacement: { readonly kernel: string; readonly family: string; readonly instructions?: number };
}

export interface CallsVerification {
  /** No call that is left is wrong. */
  readonly passed: boolean;
  /** Of the program that is left, replacements among them. */
  readonly calls: readonly CallProof[];
  readonly replaced: readonly ReplacedCall[];
}

export interface Routed {
  /** With right calls. */
  readonly compilation: Compilation;
  readonly calls: CallsVerification;
  readonly excluded: readonly ExcludedKernel[];
}

export interface RouteOptions extends Pick<ProveOptions, 'faults' | 'signal' | 'simulator' | 'onProgress'> {
  /** `vendor`: calls of vendors' libraries, and what replaces them; `all`: nanoc's own kernels as well. Default `vendor`. */
  readonly which?: 'vendor' | 'all';
}

/** The same model with these kernels excluded. */
export type Recompile = (excluded: readonly ExcludedKernel[]) => Promise<Compilation>;

/**
 * Proves the calls of a compilation and of those that follow from what was found.
 * @throws CompileError as `proveCalls` and `recompile` do
 */
export function proveAndReplace(first: Compilation, recompile: Recompile, options: RouteOptions = {}): Promise<Routed> {
  const known = new Map<string, CallVerdict>();
  return replaceWrong(first, recompile, (compilation, outputs) => {
    const wanted = (call: KernelCall) => isDue(call, options) || outputs.has(call.node.outputs[0]!);
    return proveCalls(compilation, { ...options, wanted, known });
  });
}

/** The verdicts on the calls of a program that is not to be changed. @throws CompileError as `proveCalls` does */
export async function proveThese(compilation: Compilation, options: RouteOptions): Promise<CallsVerification> {
  const calls = await proveCalls(compilation, { ...options, wanted: (call) => isDue(call, options) });
  return { passed: calls.every(({ verdict }) => verdict !== 'wrong'), calls, replaced: [] };
}

function isDue(call: KernelCall, { which, faults }: RouteOptions): boolean {
  return which === 'all' || isVendorCall(call) || faults?.has(call.function) === true;
}

/** Replaces calls that were found wrong before, on this computer; nothing is run. @throws CompileError as `recompile` does */
export function replaceKnown(first: Compilation, recompile: Recompile, faults: FaultStore): Promise<Routed> {
  return replaceWrong(first, recompile, (compilation) => knownFaults(compilation, faults));
}

/** @param find verdicts on calls, given the outputs of those that were replaced */
async function replaceWrong(
  first: Compilation,
  recompile: Recompile,
  find: (compilation: Compilation, outputs: ReadonlySet<string>) => Promise<CallProof[]>,
): Promise<Routed> {
  const wrong: Wrong[] = [];
  const given = first.options.excluded ?? [];
  for (let compilation = first; ; ) {
    const calls = await find(compilation, new Set(wrong.map(({ output }) => output)));
    const excluded = [...given, ...wrong.map(exclusionOf)];
    const found = calls.filter(isWrong).filter((each) => isReplaceable(each, excluded, compilation));
    if (found.length === 0) {
      const passed = calls.every(({ verdict }) => verdict !== 'wrong');
      const replaced = wrong.flatMap((each) => replacedBy(each, compilation, calls));
      return { compilation, excluded, calls: { passed, calls, replaced } };
    }
    for (const each of found) {
      const again = wrong.some(({ output, kernel }) => output === each.output && kernel === each.kernel);
      if (again) throw new Error(`invariant: "${each.node}" takes ${each.kernel}, which is excluded`);
      wrong.push(each);
    }
    compilation = await recompile([...given, ...wrong.map(exclusionOf)]);
  }
}

type Wrong = CallProof & { readonly verdict: 'wrong' };

function isWrong(proof: CallProof): proof is Wrong {
  return proof.verdict === 'wrong';
}

/** Whether a kernel is left for its layer. */
function isReplaceable(
  wrong: Wrong,
  excluded: readonly ExcludedKernel[],
  { program, target, options }: Compilation,
): boolean {
  return hasKernelBesides([...excluded, exclusionOf(wrong)], wrong.output, program.graph, target, options);
}

function exclusionOf({ output, kernel, fault, instructions }: Wrong): ExcludedKernel {
  const measured = instructions === undefined ? {} : { instructions };
  return { output, kernel, because: `proven wrong: ${fault.message}`, ...measured };
}

/** Nothing where bands have other layers now. */
function replacedBy(
  { output, node, op, kernel, fault, instructions }: Wrong,
  { plan }: Compilation,
  calls: readonly CallProof[],
): ReplacedCall[] {
  const call = plan.calls.find(({ node: { outputs } }) => outputs[0] === output);
  if (call === undefined) return [];
  const proof = calls.find((each) => each.output === output);
  const measured = (count: number | undefined) => (count === undefined ? {} : { instructions: count });
  const now = proof === undefined || proof.verdict === 'not proven here' ? undefined : proof.instructions;
  return [
    {
      ...{ output, node, op, kernel, fault, ...measured(instructions) },
      replacement: { kernel: call.function, family: call.family, ...measured(now) },
    },
  ];
}

/** A verification with what was found of single calls. */
export function withCalls(result: VerifyResult, calls: CallsVerification): VerifyResult {
  if (calls.calls.length === 0 && calls.replaced.length === 0) return result;
  const cases = calls.calls.map((proof): JUnitCase => {
    const name = `call of ${proof.kernel} for ${proof.node} (${proof.op})`;
    if (proof.verdict === 'wrong') return { name, time: 0, failure: proof.fault.message };
    return { name: proof.verdict === 'proven' ? name : `${name}: not proven here, ${proof.because}`, time: 0 };
  });
  return { ...result, passed: result.passed && calls.passed, calls, cases: [...result.cases, ...cases] };
}
