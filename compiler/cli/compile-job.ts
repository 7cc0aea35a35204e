import type { Compilation, CompileObserver } from '../compilation.js';
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
  return withProgress(session, `compiling for ${target}`, () =>
    compile(job.source, { ...job.options, target }, observe),
  );
}
