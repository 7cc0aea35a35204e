/** A model whose constants are garbage where only calls that are left out would read them: to see that they are not read. */
import { type Compilation, type EmittedFile, emitLibrary } from '../../compiler/index.js';
import type { KernelCall } from '../../compiler/ir/kernel-call.js';

/**
 * The emitted files for a run.
 * @param isRead calls that run; constants of all others, but those that they share with these, get other bytes
 * @returns the files, and how many bytes were changed
 */
export async function poisonedWeights(
  compilation: Compilation,
  isRead: (call: KernelCall) => boolean,
): Promise<{ readonly files: EmittedFile[]; readonly bytes: number }> {
  // The layers that own a constant are named by their nodes; weights that a kernel reads as they are by their own name.
  const namesOf = ({ node, arguments: list }: KernelCall): string[] => [
    node.name,
    ...list.flatMap((argument) => (argument.kind === 'value' ? [argument.value] : [])),
  ];
  const { calls } = compilation.plan;
  const read = new Set(calls.filter(isRead).flatMap(namesOf));
  const unread = new Set(calls.flatMap(namesOf).filter((name) => !read.has(name)));
  let bytes = 0;
  const files = (await emitLibrary(compilation)).map((file) => {
    if (!file.path.endsWith('_weights.c')) return file;
    // A comment with the layers that read it, then the array.
    const array = /\/\* ((?:(?!\*\/)[\s\S])*), (\d+) bytes \*\/\n([^{]*\{\n)([^}]*)\};/g;
    const content = file.content.replace(
      array,
      (whole, users: string, size: string, head: string, elements: string) => {
        const names = [...users.matchAll(/"([^"]*)"/g)].map(([, name]) => name!.replace(/\n \* /g, ''));
        if (/ and \d+ more/.test(users) || names.length === 0 || !names.every((name) => unread.has(name))) return whole;
        bytes += Number(size);
        const isFloat = /float /.test(head);
        return `/* poisoned */\n${head}${elements.replace(/[^\s,]+/g, isFloat ? '12345.0f' : '77')}};`;
      },
    );
    return { ...file, content };
  });
  return { files, bytes };
}
