import { EXIT } from '../../diagnostics/diagnostic.js';
import { listTargets, loadTarget } from '../../targets.js';
import { defineCommand } from '../command.js';
import { declareTarget } from '../options.js';
import { printJson, say } from '../session.js';
import { renderTable } from '../table.js';
import { stylesOf, type Terminal } from '../terminal.js';
import type { Tool } from '../tools.js';

export const doctor = defineCommand<{ target?: readonly string[] }>({
  name: 'doctor',
  description: 'check the compilers and simulators, and say how to install what is missing',
  examples: ['nanoc doctor', 'nanoc doctor --target cortex-m4'],
  declare: declareTarget,
  run: async (session, flags) => {
    const all = await Promise.all((flags.target ?? listTargets()).map(loadTarget));
    const { findTools } = await import('../tools.js');
    const tools = await findTools(all);
    const missing = tools.filter((tool) => tool.version === undefined);
    const ok = missing.every((tool) => tool.optional);
    if (session.json) await printJson(session, 'doctor', { ok, node: process.versions.node, tools });
    else {
      say(session, renderTools(session.terminal, tools, all.length));
      say(session, missing.length === 0 ? '\nEverything is here.\n' : `\n${advice(missing)}`);
    }
    return ok ? EXIT.good : EXIT.missingTool;
  },
});

function renderTools(terminal: Terminal, tools: readonly Tool[], targets: number): string {
  const style = stylesOf(terminal);
  const node = [style.green('ok'), 'node', process.versions.node, 'nanoc itself'];
  const rows = tools.map((tool) => {
    const state =
      tool.version !== undefined ? style.green('ok') : tool.optional ? style.yellow('none') : style.red('missing');
    return [state, tool.name, tool.version ?? '-', purpose(tool, targets)];
  });
  const columns = [{ title: '' }, { title: 'tool' }, { title: 'version' }, { title: 'needed by' }];
  return renderTable(columns, [node, ...rows], { head: style.bold, width: terminal.width });
}

const OPTIONAL_PURPOSE: Readonly<Record<string, string>> = {
  cmake: 'optional: builds the CMake project of the output folder',
  'onnxruntime-node': 'optional: nanoc verify compares the reference with it',
};

function purpose(tool: Tool, targets: number): string {
  if (tool.optional)
    return OPTIONAL_PURPOSE[tool.name] ?? `optional: compiles the project of ${tool.neededBy.join(', ')}`;
  return tool.neededBy.length === targets && targets > 1 ? 'all targets' : tool.neededBy.join(', ');
}

function advice(missing: readonly Tool[]): string {
  return missing.map((tool) => `${tool.optional ? 'optional' : 'install'} ${tool.name}: ${tool.install}\n`).join('');
}
