import type { Compilation } from '../../compilation.js';
import { CompileError, type Diagnostic, EXIT } from '../../diagnostics/diagnostic.js';
import type { Graph } from '../../ir/graph.js';
import { grouped } from '../../report/format.js';
import { defineCommand } from '../command.js';
import { compileJob } from '../compile-job.js';
import type { Inspection } from '../inspection.js';
import { oneTarget, resolveJob } from '../job.js';
import { type CompileFlags, declareCompile, declareModel } from '../options.js';
import { printJson, type Session, showDiagnostics } from '../session.js';
import { renderFields, renderTable } from '../table.js';
import { stylesOf } from '../terminal.js';

export const inspect = defineCommand<CompileFlags>({
  name: 'inspect',
  description: 'show inputs, outputs, operators, quantization, multiply-accumulates and parameters of a model',
  examples: ['nanoc inspect kws.onnx'],
  declare: (command) => {
    declareModel(command);
    declareCompile(command);
  },
  run: async (session, flags, [model]) => {
    const job = await resolveJob(session, model, flags);
    let seen: Graph | undefined;
    let compilation: Compilation | undefined;
    let diagnostics: readonly Diagnostic[];
    let exitCode: number = EXIT.good;
    try {
      compilation = await compileJob(session, job, oneTarget(job, flags, 'host'), (stage, graph) => {
        if (stage === '1-import' || stage === '2-check') seen = graph;
      });
      diagnostics = compilation.diagnostics;
    } catch (error) {
      // A model that cannot be compiled can still be looked at, as far as it was understood.
      if (!(error instanceof CompileError) || seen === undefined) throw error;
      ({ diagnostics, exitCode } = error);
    }
    const { inspectGraph } = await import('../inspection.js');
    const inspection = inspectGraph(seen!, compilation);
    if (session.json) await printJson(session, 'inspect', { ok: exitCode === EXIT.good, ...inspection, diagnostics });
    else show(session, job.source.fileName, inspection, diagnostics);
    return exitCode;
  },
});

function show(session: Session, file: string, inspection: Inspection, diagnostics: readonly Diagnostic[]): void {
  const { terminal } = session;
  const style = stylesOf(terminal);
  const options = { head: style.bold, width: terminal.width };
  const { macs } = inspection;
  terminal.out(
    renderFields([
      [
        'model',
        `${file}, ${Object.entries(inspection.opsets)
          .map(([domain, version]) => `${domain} ${version}`)
          .join(', ')}`,
      ],
      ['form', inspection.form],
      ['parameters', `${grouped(inspection.parameters)} (${grouped(inspection.parameterBytes)} bytes as stored)`],
      ['MACs', macs === undefined ? 'unknown: the model does not compile' : grouped(macs)],
      ['nodes', String(inspection.nodes)],
    ]),
  );
  const tensorColumns = [{ title: 'tensor' }, { title: 'name' }, { title: 'type' }, { title: 'quantization' }];
  const tensors = [
    ...inspection.inputs.map((each) => ['input', each.name, each.type, each.quantization ?? '']),
    ...inspection.outputs.map((each) => ['output', each.name, each.type, each.quantization ?? '']),
  ];
  terminal.out(`\n${renderTable(tensorColumns, tensors, options)}`);
  const operatorColumns = [{ title: 'operator' }, { title: 'nodes', align: 'right' as const }, { title: '' }];
  const operators = inspection.operators.map(({ name, count, supported }) => [
    name,
    String(count),
    supported ? '' : style.red('not supported'),
  ]);
  terminal.out(`\n${renderTable(operatorColumns, operators, options)}`);
  showDiagnostics(session, diagnostics);
}
