import type { Diagnostics } from '../../diagnostics/diagnostic.js';
import type { GraphEditor } from '../../ir/builders.js';
import type { Feature } from '../../ir/target.js';

/** One rewrite: changes the graph through the editor; its file says which law makes the change exact. */
export interface Pass {
  readonly name: string;
  /** @param features of the core, for passes that its kernels ask for; absent where the graph is everybody's, the reference graph above all */
  run(editor: GraphEditor, diagnostics: Diagnostics, features?: ReadonlySet<Feature>): void;
}
