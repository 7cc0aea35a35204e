import type { Compilation } from '../../compilation.js';
import { CompileError, EXIT, fail } from '../../diagnostics/diagnostic.js';
import { suggestion } from '../../diagnostics/suggest.js';
import { printGraph } from '../../ir/print.js';
import { printPlan, printProgram } from '../../ir/print-program.js';
import { defineCommand } from '../command.js';
import { compileJob } from '../compile-job.js';
import { oneTarget, resolveJob } from '../job.js';
import { type CompileFlags, declareCompile, declareModel } from '../options.js';
import { printJson, type Session } from '../session.js';

/** The reference graph is what the last pass of the first group leaves. */
const LAST_OF_REFERENCE = '3-rewrite:report-float-islands';
/** Behind it, where there is `--stream`. */
const STREAM = '3-rewrite:stream';

export const print = defineCommand<CompileFlags & { after: string }>({
  name: 'print',
  description: 'print the graph, program or plan as text after a phase or pass',
  examples: ['nanoc print kws.onnx --after 3-rewrite', 'nanoc print kws.onnx --after 3-rewrite:lift-qdq'],
  declare: (command) => {
    declareModel(command);
    command.option(
      '--after <stage>',
      '1-import, 2-check, 3-rewrite, 3-rewrite:<pass>, 3-rewrite:reference, 4-lower or 5-plan',
      '3-rewrite',
    );
    declareCompile(command);
  },
  run: async (session, flags, [model]) => {
    const stages = await stagesOf(session, flags, model);
    const reference = stages.texts.has(STREAM) ? STREAM : LAST_OF_REFERENCE;
    const wanted = flags.after === '3-rewrite:reference' ? reference : flags.after;
    const text = stages.texts.get(wanted);
    if (text === undefined) {
      if (stages.failure !== undefined && couldFollow(wanted)) throw stages.failure;
      const known = [...stages.texts.keys()];
      return fail({
        code: 'NC0806',
        message: `there is no stage "${flags.after}"`,
        expected: known.join(', '),
        ...suggestion(flags.after, known),
      });
    }
    const rendered = text();
    if (session.json) await printJson(session, 'print', { ok: true, stage: wanted, text: rendered });
    else session.terminal.out(rendered);
    return EXIT.good;
  },
});

interface Stages {
  readonly texts: ReadonlyMap<string, () => string>;
  /** Set when compilation ended early: the stages before it can still be printed. */
  readonly failure?: CompileError;
}

async function stagesOf(session: Session, flags: CompileFlags, model: string | undefined): Promise<Stages> {
  const job = await resolveJob(session, model, flags);
  const texts = new Map<string, () => string>();
  try {
    const compilation = await compileJob(session, job, oneTarget(job, flags, 'host'), (stage, graph) => {
      texts.set(nthName(texts, stage), () => printGraph(graph));
    });
    addLast(texts, compilation);
    return { texts };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return { texts, failure: error };
  }
}

/** A pass that runs again is `name#2`. */
function nthName(texts: ReadonlyMap<string, unknown>, stage: string): string {
  let name = stage;
  for (let n = 2; texts.has(name); n += 1) name = `${stage}#${n}`;
  return name;
}

function addLast(texts: Map<string, () => string>, { graph, program, plan }: Compilation): void {
  texts.set('3-rewrite', () => printGraph(graph));
  texts.set('4-lower', () => printProgram(program));
  texts.set('5-plan', () => printPlan(plan));
}

function couldFollow(stage: string): boolean {
  return /^(1-import|2-check|3-rewrite(:.+)?|4-lower|5-plan)$/.test(stage);
}
