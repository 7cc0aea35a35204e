/** A call as it is proven: where its buffers lie, and what its verdict depends on. */
import { createHash } from 'node:crypto';
import type { Compilation } from '../../compilation.js';
import type { KernelCall } from '../../ir/kernel-call.js';
import { findOperator } from '../../ops/index.js';
import { type CallLayout, plannedLayout } from '../../simulate/call-layout.js';
import { callProgramSource, callSources, type PlacedCall } from '../../simulate/call-program.js';
import type { CallVerdict } from './prove.js';

export interface Item {
  readonly call: KernelCall;
  /** Absent with `verdict`: it cannot be run. */
  readonly placed?: PlacedCall;
  /** Hash of everything that its verdict depends on, other than the compiler. */
  readonly key?: string;
  readonly verdict?: CallVerdict;
}

export function itemOf(compilation: Compilation, call: KernelCall): Item {
  const { plan, target, options } = compilation;
  const { graph } = compilation.program;
  const library = options.libraries?.find(({ name }) => name === call.vendor?.library);
  if (
    options.simulator !== 'board' &&
    call.vendor !== undefined &&
    (library === undefined || library.files.length === 0)
  ) {
    return notProven(call, `no copy of ${call.vendor.library} is given`);
  }
  // Copies that the planner puts in have no operator.
  if (findOperator(call.node.domain, call.node.op)?.evaluate === undefined) {
    return notProven(call, `${call.node.op} has no reference of its own`);
  }
  const layout = plannedLayout(call, graph, plan, target.alignment);
  if (haveSharedInputs(call, layout)) return notProven(call, 'its inputs are parts of the same bytes');
  const placed = { call, graph, layout };
  // The program of this call alone holds its constants, parameters and addresses.
  const hash = createHash('sha256').update(callProgramSource([placed], target));
  for (const { path, content } of callSources([placed])) hash.update(path).update(content);
  hash.update(JSON.stringify([call.node.op, call.node.attributes, call.law, library?.sha256, target.name]));
  if (options.simulator !== undefined && options.simulator !== 'board') hash.update(options.simulator);
  return { call, placed, key: hash.digest('hex') };
}

function notProven(call: KernelCall, because: string): Item {
  return { call, verdict: { verdict: 'not proven here', because } };
}

/** Random bytes cannot be put into both then. */
function haveSharedInputs({ node }: KernelCall, { buffers }: CallLayout): boolean {
  const places = [...new Set(node.inputs)].flatMap((name) => buffers.get(name) ?? []);
  return places.some((a, i) =>
    places.slice(i + 1).some((b) => a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes),
  );
}
