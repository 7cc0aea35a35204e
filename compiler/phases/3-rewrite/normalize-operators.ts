/** Every operator that has a canonical form takes it (docs/ARCHITECTURE.md, "Canonical operators"). */
import { findOperator } from '../../ops/index.js';
import { viewNode } from '../../ops/node-view.js';
import type { Pass } from './pass.js';

/** A normalised node may give rise to another operator that has a canonical form; no chain is longer than this. */
const ROUNDS = 8;

export const normalizeOperators: Pass = {
  name: 'normalize-operators',
  run(editor, diagnostics) {
    for (let round = 0; round < ROUNDS; round += 1) {
      let changed = false;
      for (const node of editor.nodes) {
        const operator = findOperator(node.domain, node.op);
        if (operator?.normalize === undefined || !editor.has(node)) continue;
        const graph = { ...editor.base, values: editor.values, nodes: [] };
        diagnostics.collect(() => operator.normalize!(viewNode(graph, node, operator), editor));
        if (!editor.has(node)) changed = true;
      }
      diagnostics.throwIfErrors();
      if (!changed) return;
    }
  },
};
