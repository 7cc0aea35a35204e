import { describe, expect, it } from 'vitest';
import {
  bool,
  exitModel,
  float,
  ifNode,
  nestedModel,
  node,
  sourceOf,
  weights,
} from '../../../test/support/branch-models.js';
import { type BuilderGraph, type BuilderModel, buildModel } from '../../../test/support/onnx-builder.js';
import { CompileError, Diagnostics } from '../../diagnostics/diagnostic.js';
import { compile } from '../../index.js';
import type { Graph } from '../../ir/graph.js';
import { guardsOf } from '../../ir/guards.js';
import { checkGraph } from '../2-check/index.js';
import { importModel } from './index.js';

function imported(model: BuilderModel): Graph {
  const diagnostics = new Diagnostics();
  const graph = importModel(buildModel(model), { name: 'm' }, diagnostics);
  diagnostics.throwIfErrors();
  return graph;
}

function checked(model: BuilderModel): Graph {
  const diagnostics = new Diagnostics();
  const graph = checkGraph(imported(model), diagnostics);
  diagnostics.throwIfErrors();
  return graph;
}

/** `y` = If(condition) of two branches on x. */
function chosen(then: BuilderGraph, other: BuilderGraph, extra: Partial<BuilderModel> = {}): BuilderModel {
  return {
    inputs: [float('x', 1, 4), bool('c')],
    outputs: [float('y', 1, 4)],
    nodes: [ifNode('c', ['y'], then, other)],
    ...extra,
  };
}

const branch = (op: string, output: string): BuilderGraph => ({
  nodes: [node(op, ['x'], output)],
  outputs: [float(output, 1, 4)],
});

async function errorOf(model: BuilderModel): Promise<string> {
  try {
    await compile(sourceOf(model), { target: 'host' });
    return '';
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return error.diagnostics.map(({ code, message }) => `${code}: ${message}`).join('\n');
  }
}

describe('If', () => {
  it('becomes the nodes of both branches and a Merge', () => {
    const { nodes } = imported(chosen(branch('Neg', 'n'), branch('Abs', 'a')));
    expect(nodes.map(({ op, inputs, outputs }) => [op, ...inputs, '->', ...outputs].join(' '))).toEqual([
      'Abs x -> a',
      'Neg x -> n',
      'Merge c a n -> y',
    ]);
    expect(nodes.map(({ branches }) => branches)).toEqual([
      [{ selector: 'c', equals: 0 }],
      [{ selector: 'c', equals: 1 }],
      undefined,
    ]);
  });

  it('keeps names apart that both branches use', () => {
    const { nodes } = imported(chosen(branch('Neg', 'same'), branch('Abs', 'same')));
    expect(nodes.map(({ outputs }) => outputs[0])).toEqual(['same', 'if_y/then_branch/same', 'y']);
    expect(nodes[2]!.inputs).toEqual(['c', 'same', 'if_y/then_branch/same']);
  });

  it('nests: a node is needed under the conditions of all branches round it, outermost first', () => {
    const graph = checked(nestedModel());
    const guards = guardsOf(graph);
    const of = (output: string) =>
      guards.get(graph.nodes.find(({ outputs }) => outputs[0] === output)!)!.map((g) => `${g.selector}=${g.equals}`);
    expect({ h: of('h'), t: of('t'), u: of('u'), n: of('n'), v: of('v') }).toEqual({
      h: [],
      t: ['a=1', 'b=1'],
      u: ['a=1', 'b=0'],
      n: ['a=1'],
      v: ['a=0'],
    });
  });

  it('whose condition is constant is the branch that is taken; the other one need not even be right', () => {
    const wrong: BuilderGraph = {
      initializers: [{ name: 'w', tensor: weights(1, 7, 7) }],
      nodes: [node('MatMul', ['x', 'w'], 'p')],
      outputs: [float('p', 1, 7)],
    };
    const c = { name: 'c', tensor: { dtype: 'bool', shape: [], data: Uint8Array.of(1) } } as const;
    const model = chosen(branch('Neg', 'n'), wrong, { inputs: [float('x', 1, 4)], initializers: [c] });
    expect(checked(model).nodes.map(({ op }) => op)).toEqual(['Neg', 'Identity']);
  });

  it('needs an outer value that one branch alone reads in that branch alone', () => {
    const model = exitModel();
    const graph = checked({
      ...model,
      nodes: [...model.nodes, node('MatMul', ['h', 'w4'], 'outer'), node('Add', ['y', 'outer'], 'z')],
      outputs: [...model.outputs, float('z', 1, 8)],
    });
    const guards = guardsOf(graph);
    const needed = graph.nodes.filter((each) => guards.get(each)!.length > 0).map(({ outputs }) => outputs[0]);
    expect(needed).toEqual(['a', 'b', 'c', 'd', 'late', 'early']);
  });

  it('refuses by name what cannot be compiled', async () => {
    const wide: BuilderGraph = {
      nodes: [{ ...node('Concat', ['x', 'x'], 'xx'), attributes: { axis: 1 } }],
      outputs: [float('xx', 1, 8)],
    };
    expect(await errorOf(chosen(branch('Neg', 'n'), wide))).toMatch(
      /NC0204: Merge: one branch gives float32\[1,8\], another float32\[1,4\]/,
    );
    const inputs = [float('x', 1, 4), bool('c', 4)];
    expect(await errorOf(chosen(branch('Neg', 'n'), branch('Abs', 'a'), { inputs }))).toMatch(
      /NC0204: Merge: the condition "c" has shape \[4\]/,
    );
    const integer = [float('x', 1, 4), { ...bool('c'), dtype: 'int32' as const }];
    expect(await errorOf(chosen(branch('Neg', 'n'), branch('Abs', 'a'), { inputs: integer }))).toMatch(
      /NC0204: Merge: the condition "c" is int32/,
    );
    const two = ifNode('c', ['y', 'z'], branch('Neg', 'n'), branch('Abs', 'a'));
    expect(await errorOf(chosen(branch('Neg', 'n'), branch('Abs', 'a'), { nodes: [two] }))).toMatch(
      /NC0104: the else_branch of If gives 1 outputs, and the node has 2/,
    );
    const none = {
      op: 'If',
      name: 'i',
      inputs: ['c'],
      outputs: ['y'],
      attributes: { then_branch: branch('Neg', 'n') },
    };
    expect(await errorOf(chosen(branch('Neg', 'n'), branch('Abs', 'a'), { nodes: [none] }))).toMatch(
      /NC0104: If has no else_branch/,
    );
    const body: BuilderGraph = { nodes: [node('Loop', ['n', 'c', 'x'], 'l')], outputs: [float('l', 1, 4)] };
    const loop = { ...body.nodes[0]!, attributes: { body: branch('Neg', 'n') } };
    expect(await errorOf(chosen({ ...body, nodes: [loop] }, branch('Abs', 'a')))).toMatch(/NC0108/);
  });
});
