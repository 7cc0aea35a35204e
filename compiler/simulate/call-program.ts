/** A program of kernel calls by themselves, for any target: templates/calls.c.hbs filled, and built with what the calls need. */
import type { EmittedFile } from '../compilation.js';
import { emitHost } from '../emit-host.js';
import { type Graph, valueOf } from '../ir/graph.js';
import { type Argument, joinLists, type KernelCall } from '../ir/kernel-call.js';
import type { Target } from '../ir/target.js';
import { ConstantTable } from '../phases/6-emit/constants.js';
import { floatLiteral, intLiteral } from '../phases/6-emit/literals.js';
import { StemTable } from '../phases/6-emit/names.js';
import { structInitialiser } from '../phases/6-emit/params.js';
import { runtimeFiles } from '../phases/6-emit/runtime-files.js';
import { definitionView } from '../phases/6-emit/weights-view.js';
import type { Build } from '../toolchain/build.js';
import type { Library } from '../vendor/library.js';
import { librariesOf } from '../vendor/linked.js';
import { type CallLayout, SCRATCH } from './call-layout.js';
import { simulatedProgram, worldView } from './harness.js';
import { buildHarness, withFolder } from './program.js';
import { type Simulator, type SimulatorChoice, simulatorFor } from './simulator.js';

/** A call with the places of its buffers. */
export interface PlacedCall {
  readonly call: KernelCall;
  /** Where its values are described. */
  readonly graph: Graph;
  readonly layout: CallLayout;
}

export interface CallProgramOptions {
  readonly target: Target;
  /** Copies of vendors' libraries that the calls need. */
  readonly libraries?: readonly Library[];
  /** What runs them: the first that the target has where it is not given. */
  readonly simulator?: SimulatorChoice;
  /** Besides the target's own. */
  readonly extraFlags?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface CallProgram {
  readonly calls: readonly PlacedCall[];
  readonly target: Target;
  readonly build: Build;
  readonly simulator: Simulator;
}

/**
 * Builds one program of all calls, runs `action` with it, and removes it.
 * @throws CompileError NC0601, NC0602, and NC0705 when the program is larger than the simulated chip
 */
export async function withCallProgram<T>(
  calls: readonly PlacedCall[],
  options: CallProgramOptions,
  action: (program: CallProgram) => Promise<T>,
): Promise<T> {
  const { target, libraries = [], extraFlags, signal } = options;
  const simulator = simulatorFor(target, options.simulator);
  const files = [...callSources(calls), { path: 'calls.c', content: callProgramSource(calls, target) }];
  const linked = librariesOf(
    calls.map(({ call }) => call),
    libraries,
  );
  return withFolder(undefined, async (directory) => {
    const build = await buildHarness(simulator, {
      ...{ files, target, directory, libraries: linked },
      ...(extraFlags === undefined ? {} : { extraFlags }),
      ...(signal === undefined ? {} : { signal }),
    });
    return action({ calls, target, build, simulator });
  });
}

/** The C of the kernels that the calls need. */
export function callSources(calls: readonly Pick<PlacedCall, 'call'>[]): EmittedFile[] {
  return runtimeFiles(
    calls.map(({ call }) => call),
    emitHost(),
  );
}

/** C source with `main`: reads which calls to run, and their inputs, from stimulus.bin. */
export function callProgramSource(calls: readonly PlacedCall[], target: Target): string {
  const alignment = Math.max(4, ...calls.map(({ layout }) => layout.alignment));
  const names = new StemTable('node', ['call', 'nanoc_']);
  const constants = new ConstantTable('constant', names, target.alignment);
  const params: ParamsView[] = [];
  const statements = calls.map((placed) => ({ statement: statementOf(placed, constants, params) }));
  return simulatedProgram('calls.c.hbs', {
    headers: [...new Set(calls.map(({ call }) => call.header))],
    bytes: Math.max(4, ...calls.map(({ layout }) => layout.bytes)),
    alignment,
    twice: 2 * alignment,
    constants: constants.list.map(definitionView),
    params,
    calls: statements,
    ...worldView(target),
  });
}

interface ParamsView {
  readonly struct: string;
  readonly symbol: string;
  readonly initialiser: string;
}

function statementOf({ call, graph, layout }: PlacedCall, constants: ConstantTable, params: ParamsView[]): string {
  const text = (argument: Argument): string => {
    switch (argument.kind) {
      case 'value': {
        const value = valueOf(graph, argument.value);
        if (value.constant !== undefined) return `(const void *)${constants.addValue(value, 'value')}`;
        return pointer(layout, argument.value, argument.access === 'read');
      }
      case 'constant':
        return constants.addPacked(argument.constant, call.node.name);
      case 'params': {
        const symbol = `params_${params.length}`;
        const initialiser = structInitialiser({ constants }, call.node.name, argument.fields);
        params.push({ struct: argument.struct, symbol, initialiser });
        return `&${symbol}`;
      }
      case 'scratch':
        return pointer(layout, SCRATCH, false);
      case 'int':
        return intLiteral(argument.value);
      case 'float':
        return floatLiteral(argument.value);
      case 'null':
        return 'NULL';
    }
  };
  return `  ${call.function}(${joinLists(call.arguments, call.arguments.map(text)).join(', ')});`;
}

function pointer({ buffers }: CallLayout, name: string, isRead: boolean): string {
  const buffer = buffers.get(name);
  if (buffer === undefined) throw new Error(`invariant: the layout has no place for "${name}"`);
  return `(${isRead ? 'const ' : ''}void *)&memory[${buffer.offset}]`;
}
