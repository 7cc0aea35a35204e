import type { Argument, KernelCall, ParamValue, Program, View } from './kernel-call.js';
import type { MemoryPlan } from './memory-plan.js';

/** The program as text, one call a line: `[3] nanoc_conv_s8(&{in_h: 8; ...}, %x, weights int8[144], %y)  // "name", 2304 macs`. */
export function printProgram(program: Program): string {
  return [
    `program ${program.graph.name} {`,
    ...program.views.map(printView),
    ...program.calls.map((call, step) => printCall(call, step)),
    '}',
    '',
  ].join('\n');
}

/** The plan as text: the calls in execution order, then every buffer with its place and the steps that it lives in. */
export function printPlan(plan: MemoryPlan): string {
  const places = [...plan.placements.values()]
    .filter(({ region }) => region !== 'flash')
    .map(({ name, kind, region, offset, bytes, live, sharesWith }) => {
      const shared = sharesWith === undefined ? '' : `, in %${sharesWith}`;
      return `  ${region}[${offset}..${offset + bytes}) ${kind === 'scratch' ? '' : '%'}${name}, ${bytes} bytes, steps ${live[0]} to ${live[1]}${shared}`;
    });
  return [
    `plan: arena ${plan.arenaBytes}, lower bound ${plan.lowerBound}, state ${plan.stateBytes} {`,
    ...plan.calls.map((call, step) => printCall(call, step)),
    ...places,
    '}',
    '',
  ].join('\n');
}

function printView(view: View): string {
  return `  view %${view.value} = %${view.base} + ${view.byteOffset}  // "${view.node.name}"`;
}

function printCall(call: KernelCall, step: number): string {
  const scratch = call.scratch === undefined ? '' : `, scratch ${call.scratch.bytes}`;
  const overlaps = call.overlaps
    .map(({ input, output, lead }) => `, %${output} may trail %${input} by ${lead}`)
    .join('');
  const values = call.arguments.map(printArgument).join(', ');
  return `  [${step}] ${call.function}(${values})  // "${call.node.name}", ${call.macs} macs${scratch}${overlaps}`;
}

function printArgument(argument: Argument): string {
  switch (argument.kind) {
    case 'value':
      return `${argument.access === 'write' ? 'out ' : ''}%${argument.value}`;
    case 'constant':
      return `${argument.constant.suffix}[${argument.constant.data.length}]`;
    case 'params':
      return `&${printFields(argument.fields)}`;
    case 'scratch':
      return 'scratch';
    case 'null':
      return 'NULL';
    case 'int':
    case 'float':
      return String(argument.value);
  }
}

function printFields(fields: Readonly<Record<string, ParamValue>>): string {
  return `{${Object.entries(fields)
    .map(([name, value]) => `${name}: ${printField(value)}`)
    .join('; ')}}`;
}

function printField(value: ParamValue): string {
  if ('int' in value) return String(value.int);
  if ('float' in value) return String(value.float);
  if ('ints' in value) return `[${value.ints}]`;
  if ('constant' in value) return `${value.constant.suffix}[${value.constant.data.length}]`;
  return 'fields' in value ? printFields(value.fields) : value.text;
}
