import { EXIT } from '../../diagnostics/diagnostic.js';
import type { Target } from '../../ir/target.js';
import { simulatorFor, simulatorsOf } from '../../simulate/simulator.js';
import { listTargets, loadTarget } from '../../targets.js';
import { defineCommand } from '../command.js';
import { printJson } from '../session.js';
import { renderTable } from '../table.js';
import { stylesOf } from '../terminal.js';

export const targets = defineCommand({
  name: 'targets',
  description: 'list the chips and cores that can be compiled for',
  examples: ['nanoc targets'],
  declare: () => {},
  run: async (session) => {
    const all = await Promise.all(listTargets().map(loadTarget));
    if (session.json) {
      await printJson(session, 'targets', { ok: true, targets: all.map(describe) });
      return EXIT.good;
    }
    const columns = [
      { title: 'target' },
      { title: 'features' },
      { title: 'compiler' },
      { title: 'simulator' },
      { title: 'description' },
    ];
    const rows = all
      .map(describe)
      .map((each) => [each.name, each.features.join(' '), each.compiler, each.simulator, each.description]);
    session.terminal.out(
      renderTable(columns, rows, { head: stylesOf(session.terminal).bold, width: session.terminal.width }),
    );
    return EXIT.good;
  },
});

function describe(target: Target) {
  return {
    name: target.name,
    description: target.description,
    features: target.features,
    compiler: target.toolchain.compiler,
    simulator: simulatorOf(target),
  };
}

function simulatorOf(target: Target): string {
  const { proof } = target;
  const own = simulatorsOf(target).map((name) => simulatorFor(target, { name }).name);
  const names = [...(proof === undefined ? [] : [`that of ${proof.target}`]), ...own];
  return names.length === 0 ? 'runs directly' : names.join(', ');
}
