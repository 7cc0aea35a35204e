/** What makes a firmware of the model: main.c, startup code, linker script, CMake. */
import type { Compilation, EmittedFile } from '../../compilation.js';
import type { Target } from '../../ir/target.js';
import type { LinkedLibrary } from '../../vendor/library.js';
import { linkedLibraries } from '../../vendor/linked.js';
import { libraryProject } from '../../vendor/project.js';
import { commandText } from './command.js';
import type { EmitContext } from './context.js';
import { type EmitHost, readRequired } from './host.js';
import { commentText, wrapComment } from './literals.js';
import type { ModelParts } from './model-view.js';
import type { PortView } from './ports.js';
import { render } from './templates.js';

const LINKER_SCRIPT = 'linker.ld';

/**
 * Files of the firmware and of its build.
 * @param library the C sources of the model, which CMake compiles into the library
 */
export function firmwareFiles(context: EmitContext, parts: ModelParts, library: readonly string[]): EmittedFile[] {
  const { host, compilation } = context;
  const { target } = compilation;
  return [
    { path: 'main.c', content: render(host, mainTemplate(compilation), mainView(context, parts)) },
    ...buildFiles({ name: context.name, target, host, library, libraries: linkedLibraries(compilation) }),
    { path: 'README.md', content: render(host, 'README.md', readmeView(context, parts)) },
  ];
}

/** A firmware's build. */
export interface Project {
  /** Of the library that CMake makes. */
  readonly name: string;
  readonly target: Target;
  readonly host: EmitHost;
  /** C sources of the library. */
  readonly library: readonly string[];
  readonly libraries: readonly LinkedLibrary[];
}

/** What turns a library and a `main.c` into a firmware: startup code, linker script, CMake. */
export function buildFiles(project: Project): EmittedFile[] {
  const { target, host } = project;
  const startup = target.startup.map((path) => ({ path: baseName(path), content: readRequired(host, path) }));
  const script =
    target.linkerScript === undefined
      ? []
      : [{ path: LINKER_SCRIPT, content: readRequired(host, target.linkerScript) }];
  const sources = ['main.c', ...startup.map((file) => file.path)];
  return [
    ...startup,
    ...script,
    { path: 'CMakeLists.txt', content: render(host, 'CMakeLists.txt', cmakeView(project, sources)) },
    { path: 'toolchain.cmake', content: render(host, 'toolchain.cmake', toolchainView(project)) },
  ];
}

function mainTemplate({ text, audio }: Compilation): string {
  if (audio !== undefined) return 'main-audio.c';
  return text === undefined ? 'main.c' : 'main-text.c';
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** What a main.c shows: reading inputs, using outputs. */
export type MainView = ReturnType<typeof mainView>;

export function mainView(context: EmitContext, parts: ModelParts) {
  return {
    name: context.name,
    macro: context.macro,
    image: context.compilation.image !== undefined,
    hosted: context.compilation.target.startup.length === 0,
    contextBytes: parts.sizes.contextBytes,
    inputs: parts.inputs.map((port) => ({
      ...port,
      ...readingOf(context, port),
    })),
    outputs: parts.outputs.map((port) => ({ ...port, single: port.elements === 1, comment: useComment(port) })),
  };
}

/** How a main.c fills an input: with frames of the camera, or with real zero. */
function readingOf({ compilation, inputs }: EmitContext, port: PortView) {
  const { image } = compilation;
  const isImage = inputs.some(({ value, macro }) => macro === port.macro && value.name === image?.input);
  const where = isImage
    ? `Input "${port.label}": frames of the camera, row by row.`
    : `Where input "${port.label}" comes from: a sensor, in a product. Here: real zero.`;
  return { zero: zeroOf(port), isImage, comment: wrapComment(where, '') };
}

function useComment({ label, elements }: PortView): string {
  const what = elements === 1 ? '' : ': the index of its largest element';
  return wrapComment(`What becomes of output "${label}"${what}. Volatile: a debugger sees it.`, '');
}

/** The element that stands for real zero. */
function zeroOf(port: PortView): string {
  if (port.quantization !== undefined) return `${port.macro}_ZERO_POINT`;
  return port.ctype === 'float' ? '0.0f' : '0';
}

function cmakeView({ name, target, host, library, libraries }: Project, firmware: readonly string[]): object {
  const each = new Map(libraries.map((linked) => [linked.library.name, linked]));
  return {
    name,
    target: target.name,
    version: host.version,
    languages: library.some((path) => path.endsWith('.S')) ? 'C ASM' : 'C',
    sources: library,
    firmwareSources: firmware.join(' '),
    optimization: target.optimization.join(' '),
    linkerScript: target.linkerScript === undefined ? false : LINKER_SCRIPT,
    linkFlags: target.toolchain.linkFlags.join(' '),
    libraries: [...each.values()].map(libraryProject),
  };
}

function toolchainView({ target, host }: Project): object {
  return {
    description: target.description,
    target: target.name,
    version: host.version,
    cross: target.toolchain.prefix !== '',
    compiler: target.toolchain.compiler,
    machineFlags: target.toolchain.machineFlags.join(' '),
  };
}

function readmeView(context: EmitContext, parts: ModelParts): object {
  const { compilation, host, name } = context;
  const startup = compilation.target.startup.map(baseName);
  const script = compilation.target.linkerScript === undefined ? [] : [LINKER_SCRIPT];
  return {
    name,
    fileName: commentText(compilation.source.fileName),
    target: compilation.target.name,
    version: host.version,
    command: commandText(compilation),
    startup: [...startup, ...script],
    contextBytes: parts.sizes.contextBytes,
    text: compilation.text !== undefined,
    image: compilation.image !== undefined,
    audio: compilation.audio !== undefined,
    inputs: parts.inputs,
    outputs: parts.outputs,
  };
}
