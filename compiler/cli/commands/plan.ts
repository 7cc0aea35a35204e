import { EXIT } from '../../diagnostics/diagnostic.js';
import { defineCommand } from '../command.js';
import { compileJob } from '../compile-job.js';
import { oneTarget, resolveJob } from '../job.js';
import { type CompileFlags, declareCompile, declareModel } from '../options.js';
import { printJson, showDiagnostics } from '../session.js';

export const plan = defineCommand<CompileFlags>({
  name: 'plan',
  description: 'show the memory plan: the arena over time, its size and lower bound, and what is alive at the peak',
  examples: ['nanoc plan kws.onnx --target cortex-m4'],
  declare: (command) => {
    declareModel(command);
    declareCompile(command);
  },
  run: async (session, flags, [model]) => {
    const job = await resolveJob(session, model, flags);
    const compilation = await compileJob(session, job, oneTarget(job, flags));
    const { makePlanJson } = await import('../../report/index.js');
    const document = makePlanJson(compilation);
    if (session.json)
      await printJson(session, 'plan', { ok: true, plan: document, diagnostics: compilation.diagnostics });
    else {
      const { renderPlan } = await import('../plan-text.js');
      session.terminal.out(renderPlan(session.terminal, compilation.plan, document, compilation.bands));
      showDiagnostics(session, compilation.diagnostics);
    }
    return EXIT.good;
  },
});
