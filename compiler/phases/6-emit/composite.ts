/** Renders a composite: the files of its models, what they have in common, and a firmware of all of them. */
import type { EmittedFile } from '../../compilation.js';
import { type Composite, compositeMemory } from '../../composite/composite.js';
import { refuse } from '../../composite/refuse.js';
import { jsonText, makeLock, makeReport, reportFiles } from '../../report/index.js';
import { linkedLibraries } from '../../vendor/linked.js';
import { commandText } from './command.js';
import { type EmitContext, makeContext } from './context.js';
import { buildFiles, type MainView, mainView } from './firmware.js';
import type { EmitHost } from './host.js';
import { commentText } from './literals.js';
import { modelFiles, runtimeOf } from './model-files.js';
import { type ModelParts, modelParts } from './model-view.js';
import { runtimeAbi, runtimeFiles } from './runtime-files.js';
import { makeSelftest } from './selftest.js';
import { render } from './templates.js';

interface Member {
  readonly context: EmitContext;
  readonly parts: ModelParts;
}

/** Every file of the output folder. Reports and plan of a model lie in a folder of its name. */
export function emitComposite(composite: Composite, host: EmitHost): EmittedFile[] {
  const members = membersOf(composite, host);
  const library = libraryOf(composite, members, host);
  const reports = composite.models.flatMap((model) =>
    reportFiles(makeReport(model)).map(({ path, content }) => ({ path: `${model.name}/${path}`, content })),
  );
  const firmware = [
    { path: 'main.c', content: render(host, 'composite-main.c', compositeView(composite, members)) },
    ...buildFiles({
      name: composite.name,
      target: composite.target,
      host,
      library: library.map(({ path }) => path).filter((path) => /\.[cS]$/.test(path)),
      libraries: composite.models.flatMap(linkedLibraries),
    }),
    { path: 'README.md', content: render(host, 'composite-README.md', compositeView(composite, members)) },
  ];
  const files = [...library, ...firmware, ...reports];
  // Every lock lists all files: the project is one.
  const models = composite.models.map((model) => makeLock(model, files, runtimeAbi(host), host));
  return [...files, { path: 'nanoc.lock', content: jsonText({ schemaVersion: 1, composite: composite.name, models }) }];
}

/** The C alone: what a test program compiles. */
export function emitCompositeLibrary(composite: Composite, host: EmitHost): EmittedFile[] {
  return libraryOf(composite, membersOf(composite, host), host);
}

function membersOf({ models }: Composite, host: EmitHost): Member[] {
  return models.map((model) => {
    const context = { ...makeContext(model, true), host };
    return { context, parts: modelParts(context, makeSelftest(model)) };
  });
}

function libraryOf(composite: Composite, members: readonly Member[], host: EmitHost): EmittedFile[] {
  const { name, models } = composite;
  const view = compositeView(composite, members);
  const common = ['h', 'c'].map((kind) => ({
    path: `${name}.${kind}`,
    content: render(host, `composite.${kind}`, view),
  }));
  const own = members.flatMap(({ context, parts }) => modelFiles(context, parts));
  const runtimes = models.flatMap((model) => runtimeFiles([...model.plan.calls, ...runtimeOf(model)], host));
  return withoutDoubles([...common, ...own, ...runtimes]);
}

/** Files that are the same are one. @throws CompileError NC0761 when two of one path are not */
function withoutDoubles(files: readonly EmittedFile[]): EmittedFile[] {
  const byPath = new Map<string, EmittedFile>();
  for (const file of files) {
    const known = byPath.get(file.path);
    if (known !== undefined && known.content !== file.content) {
      refuse(
        `two of them need a file ${file.path}, with other contents each`,
        'give one another "name" in its nanoc.json',
      );
    }
    byPath.set(file.path, file);
  }
  return [...byPath.values()];
}

function compositeView(composite: Composite, members: readonly Member[]) {
  const { name, target, models } = composite;
  const { arena, alignment, total } = compositeMemory(composite);
  const alone = models.reduce((sum, model) => sum + makeReport(model).memory.contextBytes, 0);
  const width = Math.max(...models.map((model) => model.name.length), 'model'.length);
  const row = (cells: readonly (string | number)[]) =>
    `${String(cells[0]).padEnd(width)}${cells
      .slice(1)
      .map((cell) => String(cell).padStart(10))
      .join('')}`;
  return {
    name,
    macro: name.toUpperCase(),
    target: target.name,
    description: commentText(target.description),
    hosted: target.startup.length === 0,
    arenaBytes: arena,
    alignment,
    contextBytes: total,
    aloneBytes: alone,
    table: [
      row(['model', 'arena', 'state']),
      ...models.map(({ name: model, plan }) => row([model, plan.arenaBytes, plan.stateBytes])),
    ],
    models: members.map(({ context, parts }): MemberView => {
      const view = mainView(context, parts);
      return {
        ...view,
        fileName: commentText(context.compilation.source.fileName),
        command: commandText(context.compilation),
      };
    }),
  };
}

type MemberView = MainView & { readonly fileName: string; readonly command: string };
