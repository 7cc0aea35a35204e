/** Reports of a compilation: report.json, report.html, plan.json, nanoc.lock, and text for terminals. */
import type { EmittedFile } from '../compilation.js';
import { renderReportHtml } from './html.js';
import type { Report } from './schema.js';

export { renderReportHtml } from './html.js';
export { type Lock, lockSchema, makeLock, withToolchain } from './lock.js';
export { makeReport } from './make-report.js';
export { type Measurements, measurementsSchema } from './measurements.js';
export { makePlanJson, type PlanJson, planSchema } from './plan-json.js';
export { type LayerReport, type Report, reportSchema } from './schema.js';
export { renderReportText, type TextOptions } from './text.js';

/** A JSON file as nanoc writes it: indented, with a line break at the end. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** plan.json, report.json and report.html; a build writes them again with its measurements. */
export function reportFiles(report: Report): EmittedFile[] {
  return [
    { path: 'plan.json', content: jsonText(report.plan) },
    { path: 'report.json', content: jsonText(report) },
    { path: 'report.html', content: renderReportHtml(report) },
  ];
}
