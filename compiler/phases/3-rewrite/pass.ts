import type { Diagnostics } from '../../diagnostics/diagnostic.js';
import type { GraphEditor } from '../../ir/builders.js';

/** One rewrite: changes the graph through the editor; its file says which law makes the change exact. */
export interface Pass {
  readonly name: string;
  run(editor: GraphEditor, diagnostics: Diagnostics): void;
}
