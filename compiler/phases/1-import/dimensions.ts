/** Symbolic dimensions become numbers: `--dim name=n`, or 1 for a lone batch dimension. */
import type onnxProto from 'onnx-proto';
import { type Diagnostics, fail } from '../../diagnostics/diagnostic.js';
import { suggestion } from '../../diagnostics/suggest.js';
import { toNumber } from './tensor-proto.js';

type ValueInfo = onnxProto.onnx.IValueInfoProto;
type Dimension = { readonly input: string; readonly axis: number; readonly name: string; readonly size: number };

/** Shapes of the graph inputs, by name. */
export function resolveDimensions(
  inputs: readonly ValueInfo[],
  given: Readonly<Record<string, number>>,
  diagnostics: Diagnostics,
): Map<string, number[]> {
  const all: Dimension[] = inputs.flatMap((info) => {
    const dims = info.type?.tensorType?.shape?.dim;
    if (!dims) {
      return fail({
        code: 'NC0107',
        message: `input "${info.name}" has no shape`,
        help: 'export the model with input shapes',
      });
    }
    return dims.map((dim, axis) => ({
      input: info.name ?? '',
      axis,
      name: dim.dimParam ?? '',
      size: dim.dimValue === undefined || dim.dimValue === null ? 0 : toNumber(dim.dimValue),
    }));
  });
  const symbols = new Set(all.filter((d) => d.size === 0 && d.name !== '').map((d) => d.name));
  for (const name of Object.keys(given)) {
    if (!symbols.has(name)) {
      const known = symbols.size === 0 ? 'the model has no symbolic dimension' : `it has ${[...symbols].join(', ')}`;
      diagnostics.error({
        code: 'NC0107',
        message: `--dim ${name}: no such dimension`,
        because: known,
        ...suggestion(name, symbols),
      });
    }
  }
  const unknown = all.filter((d) => d.size === 0 && !Object.hasOwn(given, d.name));
  const batchOnly = unknown.every((d) => d.axis === 0) && new Set(unknown.map((d) => d.name)).size <= 1;
  if (unknown.length > 0 && batchOnly) {
    const first = unknown[0]!;
    diagnostics.note({
      code: 'NC0110',
      message: `batch dimension ${first.name === '' ? '' : `"${first.name}" `}of input "${first.input}" taken as 1`,
      ...(first.name === '' ? {} : { help: `give --dim ${first.name}=1 to say so yourself` }),
    });
  } else if (unknown.length > 0) {
    const names = [...new Set(unknown.map((d) => d.name || '(unnamed)'))];
    diagnostics.error({
      code: 'NC0107',
      message: `${names.length === 1 ? 'a dimension has' : `${names.length} dimensions have`} no size: ${names.join(', ')}`,
      because: `of inputs ${[...new Set(unknown.map((d) => `"${d.input}"`))].join(', ')}; all memory is static, so every size must be known`,
      help: names.includes('(unnamed)')
        ? 'export the model with fixed shapes'
        : `give ${names.map((name) => `--dim ${name}=n`).join(' ')}`,
    });
  }
  const shapes = new Map<string, number[]>(inputs.map((info) => [info.name ?? '', []]));
  for (const dimension of all) {
    const size =
      dimension.size === 0 && Object.hasOwn(given, dimension.name) ? given[dimension.name]! : dimension.size || 1;
    if (!Number.isSafeInteger(size) || size < 1) {
      diagnostics.error({
        code: 'NC0107',
        message: `input "${dimension.input}" has a dimension of ${size}`,
        expected: '1 or more',
      });
    }
    shapes.get(dimension.input)!.push(size);
  }
  return shapes;
}
