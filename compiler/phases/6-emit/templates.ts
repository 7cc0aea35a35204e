import Handlebars from 'handlebars';
import { type EmitHost, readRequired } from './host.js';

const compiled = new Map<string, Handlebars.TemplateDelegate>();

/** Renders templates/<name>.hbs. The view holds finished text and numbers: a template has layout only, and a missing field is an error. */
export function render(host: EmitHost, name: string, view: object): string {
  const text = readRequired(host, `templates/${name}.hbs`);
  let template = compiled.get(text);
  if (template === undefined) {
    template = Handlebars.create().compile(text, { noEscape: true, strict: true, knownHelpersOnly: true });
    compiled.set(text, template);
  }
  return template(view).replace(/[ \t]+$/gm, '');
}
