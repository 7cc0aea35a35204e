/** The table of `nanoc tune` that belongs to a model: found beside it, or named by --tune. */
import { existsSync } from 'node:fs';
import type { ModelSource } from '../compilation.js';
import { type Diagnostic, fail } from '../diagnostics/diagnostic.js';
import type { TuneTable } from '../tune/tune-table.js';

export interface TuneFile {
  readonly table?: TuneTable;
  readonly diagnostics: readonly Diagnostic[];
}

/** `kws.onnx` -> `kws.tune.json` in the same folder. */
export function tunePath(modelPath: string): string {
  return `${modelPath.replace(/\.onnx$/i, '')}.tune.json`;
}

/**
 * A table of another model, or of an earlier version of it, is an error where it was named and a warning where it was found.
 * @param given path of --tune; false leaves out the table beside the model
 * @throws CompileError NC0807 when the file is named but missing, no table, or of another model
 */
export async function loadTuneFile(
  modelPath: string,
  source: ModelSource,
  given: string | false | undefined,
): Promise<TuneFile> {
  const path = given === undefined || given === false ? tunePath(modelPath) : given;
  if (given === false || (given === undefined && !existsSync(path))) return { diagnostics: [] };
  const { readTuneTable, sha256 } = await import('../tune/tune-table.js');
  const table = readTuneTable(path);
  if (table === undefined) return fail({ code: 'NC0807', message: `there is no ${path}` });
  if (table.modelSha256 === sha256(source.bytes)) return { table, diagnostics: [] };
  const stale = {
    code: 'NC0807',
    message: `${path} was measured with another model`,
    help: `run nanoc tune ${source.fileName} again, or remove the file`,
  } as const;
  return given === undefined ? { diagnostics: [{ ...stale, severity: 'warning' }] } : fail(stale);
}
