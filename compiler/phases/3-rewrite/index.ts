import type { CompileObserver } from '../../compilation.js';
import type { Diagnostics } from '../../diagnostics/diagnostic.js';
import { GraphEditor } from '../../ir/builders.js';
import type { Graph } from '../../ir/graph.js';
import type { Feature, Target } from '../../ir/target.js';
import { verifyGraph } from '../../ir/verify.js';
import type { Pass } from './pass.js';
import { canonicalisePasses, optimisePasses } from './passes.js';

/** The reference graph: canonical operators in ONNX layout (docs/ARCHITECTURE.md). */
export function canonicalise(graph: Graph, diagnostics: Diagnostics, observe?: CompileObserver): Graph {
  return runPasses(graph, canonicalisePasses, { diagnostics, observe });
}

/** The same function on int8 values in NHWC, in the form that the target's kernels want; every value keeps its `source`. */
export function optimise(
  graph: Graph,
  { features }: Pick<Target, 'features'>,
  diagnostics: Diagnostics,
  observe?: CompileObserver,
): Graph {
  return runPasses(withOwnSources(graph), optimisePasses, { diagnostics, observe, features: new Set(features) });
}

/** Values that canonicalise made stand for themselves: the device is compared with the reference graph there too. */
export function withOwnSources(graph: Graph): Graph {
  const values = [...graph.values].map(
    ([name, value]) => [name, { ...value, source: value.source ?? { name } }] as const,
  );
  return { ...graph, values: new Map(values) };
}

interface Run {
  readonly diagnostics: Diagnostics;
  readonly observe: CompileObserver | undefined;
  readonly features?: ReadonlySet<Feature>;
}

function runPasses(graph: Graph, passes: readonly Pass[], { diagnostics, observe, features }: Run): Graph {
  let current = graph;
  for (const pass of passes) {
    const editor = new GraphEditor(current);
    pass.run(editor, diagnostics, features);
    diagnostics.throwIfErrors();
    current = editor.finish();
    verifyGraph(current, pass.name);
    observe?.(`3-rewrite:${pass.name}`, current);
  }
  return current;
}
