/** Renders a compilation as text: C, build files, reports, typed binding. */
import type { Compilation, EmittedFile } from '../../compilation.js';
import { jsonText, makeLock, makeReport, reportFiles } from '../../report/index.js';
import { bindingFile } from './binding.js';
import { makeContext } from './context.js';
import { espIdfFiles } from './esp-idf.js';
import { firmwareFiles } from './firmware.js';
import type { EmitHost } from './host.js';
import { modelFiles, runtimeOf } from './model-files.js';
import { modelParts } from './model-view.js';
import { type LibraryKind, packageFiles } from './packages.js';
import { runtimeAbi, runtimeFiles } from './runtime-files.js';
import { makeSelftest } from './selftest.js';

export { emitComposite, emitCompositeLibrary } from './composite.js';
export type { EmitHost } from './host.js';

/** Every file of the output folder. The same compilation gives the same bytes, wherever it is run. */
export async function emit(compilation: Compilation, host: EmitHost): Promise<EmittedFile[]> {
  const { context, parts, library } = emitParts(compilation, host);
  const sources = library.map((file) => file.path).filter((path) => /\.[cS]$/.test(path));
  const { espIdf } = compilation.target;
  const files = [
    ...(espIdf === undefined
      ? [...library, ...firmwareFiles(context, parts, sources)]
      : espIdfFiles(context, parts, library, espIdf)),
    ...reportFiles(makeReport(compilation)),
    await bindingFile(context),
  ];
  const lock = makeLock(compilation, files, runtimeAbi(host), host);
  return [...files, { path: 'nanoc.lock', content: jsonText(lock) }];
}

/** The library of a model in the shape of an ecosystem, with its reports. @throws CompileError NC0622 */
export function emitPackage(compilation: Compilation, kind: LibraryKind, host: EmitHost): EmittedFile[] {
  const { context, parts, library } = emitParts(compilation, host);
  const files = [...packageFiles(kind, context, parts, library), ...reportFiles(makeReport(compilation))];
  const lock = makeLock(compilation, files, runtimeAbi(host), host);
  return [...files, { path: 'nanoc.lock', content: jsonText(lock) }];
}

/** The C of the model and its kernels alone: what a harness compiles. */
export function emitLibrary(compilation: Compilation, host: EmitHost): EmittedFile[] {
  return emitParts(compilation, host).library;
}

function emitParts(compilation: Compilation, host: EmitHost) {
  const context = { ...makeContext(compilation), host };
  const parts = modelParts(context, makeSelftest(compilation));
  const library = [
    ...modelFiles(context, parts),
    ...runtimeFiles([...compilation.plan.calls, ...runtimeOf(compilation)], host),
  ];
  return { context, parts, library };
}
