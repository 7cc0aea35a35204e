/** `--package`: the library of a model in the shape of an ecosystem. Each is the C, what that ecosystem's tools read of it, and a README. */
import type { EmittedFile } from '../../compilation.js';
import { fail } from '../../diagnostics/diagnostic.js';
import type { Feature, Target } from '../../ir/target.js';
import { linkedLibraries } from '../../vendor/linked.js';
import { commandText } from './command.js';
import type { EmitContext } from './context.js';
import { commentText } from './literals.js';
import type { ModelParts } from './model-view.js';
import { render } from './templates.js';

/** `esp-idf` and `cmake` are projects with a firmware: what a build gives without the option, for Espressif's chips and for all others. */
export const PACKAGES = ['esp-idf', 'zephyr', 'arduino', 'platformio', 'cmsis-pack', 'cmake', 'plain'] as const;
export type PackageKind = (typeof PACKAGES)[number];
/** Those that are a library alone. */
export type LibraryKind = Exclude<PackageKind, 'esp-idf' | 'cmake'>;

/** Where a package's build cannot be told so: no fused multiply-add, which would round differently from core to core. */
const NO_CONTRACTION = `#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif
`;

const USAGE: Readonly<Record<LibraryKind, (name: string) => string>> = {
  plain: (name) =>
    `Any build takes \`${name}.c\`, \`${name}_weights.c\` and all of \`runtime/src\`, with this folder and \`runtime/include\` as include folders and \`-ffp-contract=off\`.`,
  zephyr: (name) =>
    `A Zephyr module: add this folder to your west manifest, or build with \`-DEXTRA_ZEPHYR_MODULES=<this folder>\`. \`CONFIG_NANOC_${name.toUpperCase()}\` (on by default) compiles it.`,
  arduino: (name) =>
    `An Arduino library: put this folder into \`libraries/${name}\` of your sketchbook, or give \`arduino-cli compile --library <this folder>\`. The example runs the self-test.`,
  platformio: (name) =>
    `A PlatformIO library: \`lib_deps = symlink://<this folder>\` in platformio.ini, or put it into \`lib/${name}\`.`,
  'cmsis-pack': (name) =>
    `A CMSIS-Pack: \`cpackget add <this folder>/nanoc.${name}.pdsc\`, then the component \`Machine Learning:NN Model:${name}\` of your csolution project.`,
};

/**
 * The files of a package that is a library.
 * @param library the C of the model and its kernels
 * @throws CompileError NC0622 when the ecosystem has no place for what the C needs
 */
export function packageFiles(
  kind: LibraryKind,
  context: EmitContext,
  parts: ModelParts,
  library: readonly EmittedFile[],
): EmittedFile[] {
  const { name, macro, host, compilation } = context;
  checkTakes(kind, context);
  const files = placed(kind, library);
  const { target } = compilation;
  const paths = files.map(({ path }) => path);
  const sources = paths.filter((path) => /\.[cS]$/.test(path));
  const fileName = commentText(compilation.source.fileName);
  const view = {
    ...{ name, macro, kind, fileName, version: host.version, target: target.name },
    command: commandText(compilation),
    usage: USAGE[kind](name),
    contextBytes: parts.sizes.contextBytes,
    ...{ inputs: parts.inputs, outputs: parts.outputs },
    optimization: target.optimization.join(' '),
    fpu: target.features.includes('fpu'),
    sources,
  };
  const file = (path: string, template: string, more: object = {}): EmittedFile => ({
    path,
    content: render(host, `packages/${template}`, { ...view, ...more }),
  });
  return [...files, ...metadata(kind, { name, target, view, paths, file }), file('README.md', 'README.md')];
}

interface Described {
  readonly name: string;
  readonly target: Target;
  readonly view: {
    readonly fileName: string;
    readonly command: string;
    readonly version: string;
    readonly sources: readonly string[];
  };
  readonly paths: readonly string[];
  readonly file: (path: string, template: string, more?: object) => EmittedFile;
}

/** What the ecosystem's tools read. */
function metadata(kind: LibraryKind, { name, target, view, paths, file }: Described): EmittedFile[] {
  switch (kind) {
    case 'plain':
      return [];
    case 'zephyr':
      return [
        file('zephyr/module.yml', 'module.yml'),
        file('zephyr/CMakeLists.txt', 'zephyr.cmake'),
        file('zephyr/Kconfig', 'Kconfig'),
      ];
    case 'arduino':
      return [file('library.properties', 'library.properties'), file('examples/Selftest/Selftest.ino', 'example.ino')];
    case 'platformio':
      return [{ path: 'library.json', content: libraryJson(name, target, view) }];
    case 'cmsis-pack':
      return [
        file(`nanoc.${name}.pdsc`, 'pdsc', {
          cores: coresOf(target.features),
          ...{ fileName: xml(view.fileName), command: xml(view.command) },
          headers: paths.filter((path) => path.endsWith('.h')),
          sources: view.sources.map((path) => ({ path, category: path.endsWith('.S') ? 'sourceAsm' : 'sourceC' })),
        }),
      ];
  }
}

/** PlatformIO's manifest (docs.platformio.org, "library.json"). */
function libraryJson(name: string, target: Target, { fileName, version }: Described['view']): string {
  const manifest = {
    name,
    version,
    description: `The model ${fileName} as C with static memory, for ${target.name}; generated by nanoc`,
    keywords: ['neural network', 'tinyml'],
    frameworks: '*',
    platforms: '*',
    headers: `${name}.h`,
    build: { flags: [...target.optimization, '-ffp-contract=off'], libArchive: true },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Arduino and PlatformIO have one folder of sources, which is the include folder too. Where flags cannot be given, a pragma does it. */
function placed(kind: LibraryKind, library: readonly EmittedFile[]): EmittedFile[] {
  const oneFolder = kind === 'arduino' || kind === 'platformio';
  const pragma = kind === 'arduino' || kind === 'cmsis-pack';
  return library.map(({ path, content }) => ({
    path: oneFolder ? `src/${path.replace(/^runtime\/include\//, '').replace(/^runtime\/src\//, 'runtime/')}` : path,
    content: pragma && path.endsWith('.c') ? `${NO_CONTRACTION}${content}` : content,
  }));
}

/** Attributes of the cores that have the instructions of the C. */
function coresOf(features: readonly Feature[]): string[] {
  const has = (feature: Feature) => features.includes(feature);
  const mainline = ['M3', 'M4', 'M7', 'M33', 'M35P', 'M55', 'M85'];
  const dsp = ['M4', 'M7', 'M55', 'M85'];
  const attribute = (core: string) => `Dcore="Cortex-${core}"`;
  if (has('mve')) return ['M55', 'M85'].map(attribute);
  if (has('dsp')) return [...dsp.map(attribute), ...['M33', 'M35P'].map((core) => `${attribute(core)} Ddsp="DSP"`)];
  if (has('armv7m')) return mainline.map(attribute);
  return ['M0', 'M0+', 'M1', 'M23', ...mainline].map(attribute);
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** @throws CompileError NC0622 */
function checkTakes(kind: LibraryKind, { compilation }: EmitContext): void {
  const { target } = compilation;
  const [linked] = linkedLibraries(compilation);
  if (linked !== undefined && kind !== 'plain') {
    fail({
      code: 'NC0622',
      message: `the package ${kind} has no place for ${linked.library.name}`,
      because: 'the C calls kernels of that library, and how it is built decides about its bytes',
      help: 'choose --kernels native, or --package cmake, esp-idf or plain',
    });
  }
  const isArm = target.features.includes('armv6m') || target.features.includes('armv7m');
  if (kind === 'cmsis-pack' && !isArm) {
    fail({
      code: 'NC0622',
      message: `a CMSIS-Pack is for cores of Arm, and ${target.name} has none`,
      help: 'choose another package, or a target with a Cortex-M: `nanoc targets`',
    });
  }
}
