/**
 * nanoc as a library: `compile()` is the six phases in order. Nothing below touches the file system; `emitFiles` reads
 * the package's own runtime-c and targets.
 */
import type { AudioSource } from './audio/parse.js';
import type { AudioPlan } from './audio/plan.js';
import { type Planner, planGraph } from './bands/fit.js';
import { planWithin } from './bands/within.js';
import type {
  Compilation,
  CompileObserver,
  CompileOptions,
  EmittedFile,
  ModelSource,
  StreamedModel,
} from './compilation.js';
import { Diagnostics } from './diagnostics/diagnostic.js';
import { emitHost } from './emit-host.js';
import type { ImageSource } from './image/parse.js';
import { planImage } from './image/plan.js';
import { type QuantizedInput, quantizedInput } from './image/quantized-input.js';
import type { Graph } from './ir/graph.js';
import type { Program } from './ir/kernel-call.js';
import { verifyGraph } from './ir/verify.js';
import { importModel } from './phases/1-import/index.js';
import { checkGraph } from './phases/2-check/index.js';
import { bindStates } from './phases/2-check/states.js';
import { canonicalise, optimise } from './phases/3-rewrite/index.js';
import { packCaches } from './phases/3-rewrite/pack-caches.js';
import { quantizeEmbeddings } from './phases/3-rewrite/quantize-embeddings.js';
import { cIdentifier } from './phases/6-emit/names.js';
import type { LibraryKind } from './phases/6-emit/packages.js';
import { withLaws } from './reference/laws.js';
import { costOf } from './stream/cost.js';
import { type Streamed, streamed } from './stream/index.js';
import { loadTarget, simulatedTarget } from './targets.js';
import { planText } from './text/language-model.js';
import { fittingLibraries } from './vendor/default-library.js';

export type { Compilation, CompileObserver, CompileOptions, EmittedFile, ModelSource } from './compilation.js';
export { CompileError, type Diagnostic, EXIT } from './diagnostics/diagnostic.js';
export { dequantizeArray, quantizeArray } from './numerics/arrays.js';
export { createRunner, type Runner } from './simulate/runner.js';
export { findCmsisNn } from './vendor/cmsis-nn.js';
export { findEspNn } from './vendor/esp-nn.js';
export type { Library } from './vendor/library.js';

/**
 * Compiles a model as far as the memory plan; `emitFiles` renders the C.
 * @param observe sees the graph after each phase and pass, `nanoc print`
 * @throws CompileError with every diagnostic that was found, when the model, an option or a limit of nanoc is at fault
 */
export async function compile(
  source: ModelSource,
  given: CompileOptions,
  observe: CompileObserver = () => {},
): Promise<Compilation> {
  const target = simulatedTarget(await loadTarget(given.target), given.simulator);
  const options = fittingLibraries(given, target);
  const diagnostics = new Diagnostics();
  const name = cIdentifier(options.name ?? source.fileName.replace(/\.onnx$/i, ''));

  const imported = importModel(
    source.bytes,
    {
      name,
      ...(options.dims === undefined ? {} : { dims: options.dims }),
      ...(source.readExternal === undefined ? {} : { readExternal: source.readExternal }),
    },
    diagnostics,
  );
  diagnostics.throwIfErrors();
  observe('1-import', imported);
  const checked = bindStates(checkGraph(imported, diagnostics), options.states, diagnostics);
  diagnostics.throwIfErrors();
  verifyGraph(checked, '2-check');
  observe('2-check', checked);
  const { graph: chosen, tables } = quantizeEmbeddings(checked, options.embeddings ?? [], diagnostics);
  diagnostics.throwIfErrors();
  verifyGraph(chosen, 'quantize-embeddings');
  const canonical = canonicalise(chosen, diagnostics, observe);
  diagnostics.throwIfErrors();
  const front = options.image === undefined ? undefined : await imageFront(canonical, options.image);
  const packed = packCaches(front?.graph ?? canonical, options.kvCache, diagnostics);
  diagnostics.throwIfErrors();
  verifyGraph(packed, 'pack-caches');
  const stream = options.stream === undefined ? undefined : streamed(packed, options.stream, diagnostics);
  const reference = stream?.graph ?? packed;
  if (stream !== undefined) {
    verifyGraph(reference, 'stream');
    observe('3-rewrite:stream', reference);
  }
  const graph = optimise(reference, target, diagnostics, observe);
  diagnostics.throwIfErrors();
  const { program, plan, bands } = planWithin(planGraph(graph, { target, options }, diagnostics), {
    target,
    options,
    diagnostics,
  });
  const text = options.tokenizer === undefined ? undefined : planText(program.graph, options.tokenizer);
  const image = front === undefined ? undefined : planImage(program.graph, front.spec);
  const audio =
    options.audio === undefined ? undefined : await audioOf(program.graph, options.audio, stream?.streamed.warmUpSteps);
  return {
    source,
    options,
    name,
    target,
    onnx: checked,
    tables,
    reference: withLaws(reference, program),
    ...(stream === undefined ? {} : { streamed: withOriginal(stream.streamed, program, { target, options }) }),
    graph: program.graph,
    program,
    plan,
    ...(bands === undefined ? {} : { bands }),
    ...(text === undefined ? {} : { text }),
    ...(image === undefined ? {} : { image }),
    ...(audio === undefined ? {} : { audio }),
    diagnostics: diagnostics.list,
  };
}

/** The schema library is loaded only where there is something to read. */
async function imageFront(graph: Graph, source: ImageSource): Promise<QuantizedInput> {
  const { parseImageSpec } = await import('./image/parse.js');
  const front = quantizedInput(graph, parseImageSpec(source));
  verifyGraph(front.graph, 'image');
  return front;
}

/** The original of a streamed model with the laws of the step's kernels, and what it takes by itself. */
function withOriginal(streamed: Streamed, program: Program, planner: Planner): StreamedModel {
  const aside = new Diagnostics();
  const originalCost = costOf(planGraph(optimise(streamed.original, planner.target, aside), planner, aside));
  return { ...streamed, original: withLaws(streamed.original, program), originalCost };
}

/** The same. */
async function audioOf(graph: Graph, source: AudioSource, warmUp: number | undefined): Promise<AudioPlan> {
  const { planAudio } = await import('./audio/plan.js');
  return planAudio(graph, source, warmUp);
}

/** Renders a compilation: every file of the output folder, as text. The same compilation gives the same bytes. */
export async function emitFiles(compilation: Compilation): Promise<EmittedFile[]> {
  // Loaded only when it is needed: templates and schemas take time to start.
  const { emit } = await import('./phases/6-emit/index.js');
  return emit(compilation, emitHost());
}

/** The library of a model in the shape of an ecosystem: `nanoc build --package`. @throws CompileError NC0622 */
export async function emitPackage(compilation: Compilation, kind: LibraryKind): Promise<EmittedFile[]> {
  const { emitPackage: emit } = await import('./phases/6-emit/index.js');
  return emit(compilation, kind, emitHost());
}

/** The C of the model and of its kernels, without firmware, reports and binding. */
export async function emitLibrary(compilation: Compilation): Promise<EmittedFile[]> {
  const { emitLibrary: emit } = await import('./phases/6-emit/index.js');
  return emit(compilation, emitHost());
}
