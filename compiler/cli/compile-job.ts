import type { Compilation, CompileObserver, CompileOptions } from '../compilation.js';
import type { Job } from './job.js';
import { withProgress } from './progress.js';
import type { Session } from './session.js';

/** Compiles a job for one target. The compiler is loaded here and not before: `nanoc --version` is quick. */
export async function compileJob(
  session: Session,
  job: Job,
  target: string,
  observe?: CompileObserver,
): Promise<Compilation> {
  const { compile } = await import('../index.js');
  const options = await tuned(job, { ...job.options, target });
  return withProgress(session, `compiling for ${target}`, () => compile(job.source, options, observe));
}

/** With the kernels that were measured for these very options, where they were. */
async function tuned({ tune }: Job, options: CompileOptions): Promise<CompileOptions> {
  if (tune === undefined) return options;
  const { layersFor } = await import('../tune/tune-table.js');
  const layers = layersFor(tune, options);
  return layers.length === 0 ? options : { ...options, tune: layers };
}
