import { EXIT } from '../../diagnostics/diagnostic.js';
import { defineCommand } from '../command.js';
import { describeOperators, operatorsMarkdown } from '../operator-table.js';
import { printJson } from '../session.js';
import { renderTable } from '../table.js';
import { stylesOf } from '../terminal.js';

export const ops = defineCommand<{ markdown?: boolean }>({
  name: 'ops',
  description: 'list the ONNX operators that are supported',
  examples: ['nanoc ops', 'nanoc ops --markdown > docs/OPERATORS.md'],
  declare: (command) => command.option('--markdown', 'as the table of docs/OPERATORS.md'),
  run: async (session, flags) => {
    const { operators } = await import('../../ops/index.js');
    const list = describeOperators(operators);
    if (session.json) await printJson(session, 'ops', { ok: true, operators: list });
    else if (flags.markdown === true) session.terminal.out(operatorsMarkdown(list));
    else {
      const columns = [
        { title: 'operator' },
        { title: 'opsets' },
        { title: 'quantized' },
        { title: 'what is supported' },
      ];
      const rows = list.map((each) => [each.title, each.opsets.join(' '), each.quantized, each.summary]);
      session.terminal.out(
        renderTable(columns, rows, { head: stylesOf(session.terminal).bold, width: session.terminal.width }),
      );
    }
    return EXIT.good;
  },
});
