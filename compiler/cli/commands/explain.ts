import { listCodes, readPage } from '../../diagnostics/catalogue.js';
import { EXIT, fail } from '../../diagnostics/diagnostic.js';
import { suggestion } from '../../diagnostics/suggest.js';
import { defineCommand } from '../command.js';
import { fillParagraphs } from '../paragraphs.js';
import { printJson } from '../session.js';
import { renderTable } from '../table.js';
import { stylesOf } from '../terminal.js';

export const explain = defineCommand({
  name: 'explain',
  description: 'print what a diagnostic means and what to do',
  examples: ['nanoc explain NC0203'],
  declare: (command) => command.argument('[code]', 'such as NC0203; without it, all codes are listed'),
  run: async (session, _flags, [given]) => {
    const style = stylesOf(session.terminal);
    if (given === undefined) {
      const pages = listCodes().map((code) => readPage(code)!);
      if (session.json)
        await printJson(session, 'explain', { ok: true, codes: pages.map(({ code, title }) => ({ code, title })) });
      else {
        const columns = [{ title: 'code' }, { title: 'meaning' }];
        const rows = pages.map(({ code, title }) => [code, title]);
        session.terminal.out(renderTable(columns, rows, { head: style.bold, width: session.terminal.width }));
      }
      return EXIT.good;
    }
    const code = given.toUpperCase().replace(/^(?=\d)/, 'NC');
    const page = readPage(code);
    if (page === undefined) {
      return fail({
        code: 'NC0805',
        message: `there is no diagnostic ${given}`,
        help: suggestion(code, listCodes()).help ?? '`nanoc explain` lists all',
      });
    }
    if (session.json) await printJson(session, 'explain', { ok: true, ...page });
    else
      session.terminal.out(
        `${style.bold(`${page.code}: ${page.title}`)}\n\n${fillParagraphs(page.body, session.terminal.width)}\n`,
      );
    return EXIT.good;
  },
});
