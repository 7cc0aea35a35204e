/** What all views of one emission share: names, constants, and where each value lies. */
import type { Compilation } from '../../compilation.js';
import { type Graph, type Value, valueOf } from '../../ir/graph.js';
import type { Placement } from '../../ir/memory-plan.js';
import { ConstantTable } from './constants.js';
import type { EmitHost } from './host.js';
import { commonFolder, StemTable } from './names.js';

/** A graph input or output that the caller sees (states are not among them). */
export interface Port {
  readonly value: Value;
  readonly direction: 'input' | 'output';
  /** Lower case, for functions: `audio`. */
  readonly stem: string;
  /** Upper case, for macros: `KWS_INPUT_AUDIO`. */
  readonly macro: string;
}

/** A compilation with names for everything and its constants gathered. */
export interface ModelContext {
  readonly compilation: Compilation;
  /** The lowered graph, with the copies that the planner needs. */
  readonly graph: Graph;
  /** Prefix of functions and symbols, and stem of file names: `kws`. */
  readonly name: string;
  /** Prefix of macros: `KWS`. */
  readonly macro: string;
  readonly nodes: StemTable;
  /** Stems of values and scratch buffers (`<node>#scratch`). */
  readonly buffers: StemTable;
  readonly constants: ConstantTable;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** The arena is not in the model's context but one that other models use as well. */
  readonly sharedArena: boolean;
}

/** A model with what its rendering needs from outside. */
export interface EmitContext extends ModelContext {
  readonly host: EmitHost;
}

export function makeContext(compilation: Compilation, sharedArena = false): ModelContext {
  const { name, target } = compilation;
  const { graph } = compilation.program;
  const foreign = [`${name}_`, 'nanoc_'];
  const folder = commonFolder(graph.nodes.map((node) => node.name));
  const nodes = new StemTable('node', foreign, folder);
  const macro = name.toUpperCase();
  const ports = (direction: 'input' | 'output', names: readonly string[]): Port[] => {
    const stems = new StemTable(direction);
    const bound = new Set(graph.states.map((state) => state[direction]));
    return [...new Set(names)]
      .filter((each) => !bound.has(each))
      .map((each) => {
        const stem = stems.stem(each);
        return {
          value: valueOf(graph, each),
          direction,
          stem,
          macro: `${macro}_${direction.toUpperCase()}_${stem.toUpperCase()}`,
        };
      });
  };
  return {
    compilation,
    graph,
    name,
    macro,
    nodes,
    buffers: new StemTable('value', foreign, folder),
    constants: new ConstantTable(name, nodes, target.alignment),
    inputs: ports('input', graph.inputs),
    outputs: ports('output', graph.outputs),
    sharedArena,
  };
}

/** Where a value lies: an offset in the arena or the state block, or an offset from a constant's symbol. */
export type Location =
  | { readonly region: 'arena' | 'state'; readonly offset: number }
  | { readonly region: 'flash'; readonly symbol: string; readonly offset: number };

/** Location of a value; a view of a constant is followed to the constant. */
export function locate(context: ModelContext, name: string): Location {
  const { plan } = context.compilation;
  const value = valueOf(context.graph, name);
  if (value.constant !== undefined) {
    return { region: 'flash', symbol: context.constants.addValue(value, context.buffers.stem(name)), offset: 0 };
  }
  const placement = plan.placements.get(name);
  if (placement !== undefined && placement.region !== 'flash')
    return { region: placement.region, offset: placement.offset };
  const view = plan.views.find((each) => each.value === name);
  if (view === undefined) throw new Error(`invariant: value "${name}" has no place in memory`);
  const base = locate(context, view.base);
  return { ...base, offset: base.offset + view.byteOffset };
}

/** Placement of a call's scratch buffer. */
export function scratchPlacement(context: ModelContext, node: string): Placement {
  const placement = context.compilation.plan.placements.get(`${node}#scratch`);
  if (placement === undefined) throw new Error(`invariant: the scratch of "${node}" has no place in memory`);
  return placement;
}
