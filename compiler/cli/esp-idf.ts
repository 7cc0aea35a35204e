/** Checking an emitted ESP-IDF project with what of Espressif's tools is on this machine. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Compilation, EmittedFile } from '../compilation.js';
import { CompileError, type Diagnostic, EXIT, fail } from '../diagnostics/diagnostic.js';
import { emitLibrary } from '../index.js';
import { INCLUDE_DIRECTORIES } from '../simulate/program.js';
import { compileSources } from '../toolchain/build.js';
import { withTemporaryFolder } from '../toolchain/temporary.js';
import { hasS3Vectors, withVectors } from '../vendor/esp-nn.js';
import { linkedLibraries } from '../vendor/linked.js';

/** Code of the warning that a check was left out: the command then ends with exit code 3. */
const UNCHECKED = 'NC0620';

/** Last lines of idf.py that a message shows. */
const SHOWN_LINES = 8;

/**
 * Builds the project with `idf.py` where it is, else compiles the component with the chip's compiler where that is.
 * @param folder holds the project; it is not touched, a copy is built
 * @returns warnings about checks that were left out
 * @throws CompileError NC0602 or NC0621 when the code or the project is refused
 */
export async function checkProject(
  compilation: Compilation,
  folder: string,
  signal: AbortSignal,
): Promise<readonly Diagnostic[]> {
  if (await isInstalled('idf.py')) {
    await buildWithIdf(folder, signal);
    return [];
  }
  const { compiler, install } = compilation.target.toolchain;
  const compiled = await compiles(compilation, signal);
  const message = compiled
    ? `the component was compiled with ${compiler}, the project was not linked`
    : 'the project was written, and not compiled';
  const because = compiled ? 'idf.py is not installed' : `neither idf.py nor ${compiler} is installed`;
  return [
    { code: UNCHECKED, severity: 'warning', message, because, ...(install === undefined ? {} : { help: install }) },
  ];
}

async function isInstalled(command: string): Promise<boolean> {
  const run = await execa(command, ['--version'], { reject: false, stdin: 'ignore', timeout: 60_000 });
  return !run.failed;
}

/** In a copy: idf.py writes sdkconfig, build/ and managed_components/ into a project. */
async function buildWithIdf(folder: string, signal: AbortSignal): Promise<void> {
  await withTemporaryFolder('nanoc-idf-', async (temporary) => {
    const project = join(temporary, 'project');
    await cp(folder, project, { recursive: true });
    const run = await execa('idf.py', ['-C', project, 'build'], { reject: false, all: true, cancelSignal: signal });
    signal.throwIfAborted();
    if (!run.failed) return;
    const because = (run.all ?? '').trim().split('\n').slice(-SHOWN_LINES).join('\n');
    fail({ code: 'NC0621', message: 'idf.py refused the project', because }, EXIT.missingTool);
  });
}

/** With a library's kernels for the vectors of the ESP32-S3, assembly included. */
function asOnChip(compilation: Compilation): Compilation {
  const { target, options } = compilation;
  if (!hasS3Vectors(target) || options.libraries === undefined) return compilation;
  return { ...compilation, options: { ...options, libraries: options.libraries.map(withVectors) } };
}

/** Whether the chip's compiler is here; it then has taken every source of the component. */
async function compiles(compilation: Compilation, signal: AbortSignal): Promise<boolean> {
  const libraries = linkedLibraries(asOnChip(compilation));
  // Adapters include the library's headers, which only a copy has.
  const known = new Set(libraries.filter(({ library }) => library.files.length > 0).map(({ library }) => library.name));
  const withoutCopy = compilation.plan.calls.filter(({ vendor }) => vendor !== undefined && !known.has(vendor.library));
  if (withoutCopy.length > 0) return false;
  const files: EmittedFile[] = (await emitLibrary(compilation)).filter(({ path }) => /\.[ch]$/.test(path));
  try {
    await withTemporaryFolder('nanoc-build-', (directory) =>
      compileSources({
        ...{ files, target: compilation.target, directory, libraries, signal },
        includeDirectories: INCLUDE_DIRECTORIES,
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof CompileError && error.diagnostics.every(({ code }) => code === 'NC0601')) return false;
    throw error;
  }
}
