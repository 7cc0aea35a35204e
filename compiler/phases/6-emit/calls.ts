/** The kernel calls of a model as C text, and the parameter structs that they point to. */
import { valueOf } from '../../ir/graph.js';
import type { Guard } from '../../ir/guards.js';
import { type Argument, joinLists, type KernelCall } from '../../ir/kernel-call.js';
import { locate, type ModelContext, scratchPlacement } from './context.js';
import { describeNode } from './describe.js';
import { commentText, floatLiteral, intLiteral, wrapCall, wrapComment } from './literals.js';
import { structInitialiser } from './params.js';
import { ctypeOfDtype } from './ports.js';

export interface CallView {
  /** Index of the step. */
  readonly step: number;
  /** Block comment, indented and wrapped. */
  readonly comment: string;
  /** The call with its semicolon, indented and wrapped; under guards in an `if`. */
  readonly statement: string;
}

export interface ParamsView {
  readonly struct: string;
  readonly symbol: string;
  /** From the opening to the closing brace. */
  readonly initialiser: string;
}

export interface CallsView {
  readonly calls: readonly CallView[];
  readonly params: readonly ParamsView[];
  /** Which blocks of the context the calls touch. */
  readonly usesArena: boolean;
  readonly usesState: boolean;
}

const INDENT = '      ';

/** All calls, in plan order. Adds their constants to the context's table. */
export function callsView(context: ModelContext): CallsView {
  const { calls } = context.compilation.plan;
  const params: ParamsView[] = [];
  const regions = new Set<string>();
  const views = calls.map((call, step) => {
    const texts = call.arguments.map((argument) => argumentText(context, call, argument, params, regions));
    const args = joinLists(call.arguments, texts);
    const notes = [...guardTexts(call), ...(call.remarks ?? [])].map((text) => `; ${text}`).join('');
    const head = `[${step + 1}/${calls.length}] ${describeNode(context.graph, call.node)}${notes}`;
    return { step, comment: wrapComment(head, INDENT), statement: statementOf(context, call, args, regions) };
  });
  return { calls: views, params, usesArena: regions.has('arena'), usesState: regions.has('state') };
}

/** `only where "exit" is 0` */
function guardTexts({ guards = [] }: KernelCall): string[] {
  if (guards.length === 0) return [];
  return [`only where ${guards.map(({ selector, equals }) => `"${selector}" is ${equals}`).join(' and ')}`];
}

/** The call, in an `if` where it has guards. */
function statementOf(context: ModelContext, call: KernelCall, args: readonly string[], regions: Set<string>): string {
  const { guards = [] } = call;
  if (guards.length === 0) return wrapCall(`${INDENT}${call.function}`, args, INDENT);
  const inner = `${INDENT}  `;
  const conditions = guards.map((guard) => conditionText(context, guard, regions));
  const head = conditions.join(` &&\n${INDENT}    `);
  return `${INDENT}if (${head}) {\n${wrapCall(`${inner}${call.function}`, args, inner)}\n${INDENT}}`;
}

function conditionText(context: ModelContext, { selector, equals }: Guard, regions: Set<string>): string {
  const { dtype } = valueOf(context.graph, selector);
  const pointer = valuePointer(context, selector, 'read', regions);
  const isByte = dtype === 'bool' && pointer.startsWith('(const void *)&');
  const element = isByte ? pointer.replace('(const void *)&', '') : `*(const ${ctypeOfDtype(dtype)} *)${pointer}`;
  if (dtype === 'bool') return `${element} ${equals === 0 ? '==' : '!='} 0u`;
  return `${element} == ${equals}`;
}

function valuePointer(context: ModelContext, value: string, access: 'read' | 'write', regions: Set<string>): string {
  const location = locate(context, value);
  regions.add(location.region);
  if (location.region === 'flash') return flashPointer(location.symbol, location.offset);
  const stem = context.buffers.stem(value).toUpperCase();
  return `(${access === 'read' ? 'const ' : ''}void *)&${location.region}[${stem}_OFFSET]`;
}

function argumentText(
  context: ModelContext,
  call: KernelCall,
  argument: Argument,
  params: ParamsView[],
  regions: Set<string>,
): string {
  const node = call.node.name;
  switch (argument.kind) {
    case 'value':
      return valuePointer(context, argument.value, argument.access, regions);
    case 'constant':
      return context.constants.addPacked(argument.constant, node);
    case 'params':
      return `&${addParams(context, node, argument, params)}`;
    case 'scratch': {
      const { region } = scratchPlacement(context, node);
      regions.add(region);
      return `(void *)&${region}[${context.buffers.stem(`${node}#scratch`).toUpperCase()}_OFFSET]`;
    }
    case 'int':
      return (
        intLiteral(argument.value) + (argument.comment === undefined ? '' : ` /* ${commentText(argument.comment)} */`)
      );
    case 'float':
      return floatLiteral(argument.value);
    case 'null':
      return 'NULL';
  }
}

function addParams(
  context: ModelContext,
  node: string,
  argument: Extract<Argument, { kind: 'params' }>,
  params: ParamsView[],
): string {
  const stem = `${context.nodes.stem(node)}_params`;
  let symbol = stem;
  for (let index = 2; params.some((each) => each.symbol === symbol); index += 1) symbol = `${stem}_${index}`;
  params.push({ struct: argument.struct, symbol, initialiser: structInitialiser(context, node, argument.fields) });
  return symbol;
}

/** Pointer into a constant array, `offset` bytes from its start. */
export function flashPointer(symbol: string, offset: number): string {
  if (offset === 0) return `(const void *)${symbol}`;
  return `(const void *)((const uint8_t *)(const void *)${symbol} + ${offset})`;
}
