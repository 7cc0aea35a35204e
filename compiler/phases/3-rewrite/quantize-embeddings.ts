/**
 * `--embedding table=form`: a float table that Gather reads is replaced by quantized rows, which GatherBlockQuantized dequantizes one by one. This
 * changes what the model computes, so it is done only where it is asked for; the reference evaluator and ONNX Runtime get the changed table too.
 */
import type { Diagnostics } from '../../diagnostics/diagnostic.js';
import { suggestion } from '../../diagnostics/suggest.js';
import { GraphEditor } from '../../ir/builders.js';
import { type Graph, type Node, valueOf } from '../../ir/graph.js';
import { byteLength, type Tensor } from '../../ir/tensor.js';
import type { BlockRows } from '../../ops/shared/nbits.js';
import { dequantizeTable, int8Rows, tiedRows } from './quantized-tables.js';

const FORMS = ['int8', 'tied'];

export interface QuantizedEmbeddings {
  readonly graph: Graph;
  /** What stands in the place of each table, by its name. */
  readonly tables: ReadonlyMap<string, Tensor>;
}

/** @param texts `table=int8`, or `table=tied` where the model has output weights that are the table, quantized. Errors: NC0208 */
export function quantizeEmbeddings(
  graph: Graph,
  texts: readonly string[],
  diagnostics: Diagnostics,
): QuantizedEmbeddings {
  const tables = new Map<string, Tensor>();
  const editor = new GraphEditor(graph);
  for (const text of texts) {
    const rows = rowsFor(graph, text, diagnostics);
    if (rows === undefined) continue;
    const { name, form, quantized } = rows;
    const table = dequantizeTable(quantized);
    tables.set(name, table);
    replaceReaders(editor, name, quantized);
    diagnostics.note(describe(graph, name, form, quantized, table));
  }
  return { graph: texts.length === 0 ? graph : editor.finish(), tables };
}

interface Asked {
  readonly name: string;
  readonly form: string;
  readonly quantized: BlockRows;
}

function rowsFor(graph: Graph, text: string, diagnostics: Diagnostics): Asked | undefined {
  const { name, form } = /^(?<name>.+)=(?<form>[^=]+)$/.exec(text)?.groups ?? {};
  const refuse = (message: string, rest: { because?: string; help?: string } = {}): undefined =>
    void diagnostics.error({ code: 'NC0208', message: `--embedding ${text}: ${message}`, ...rest });
  if (name === undefined || form === undefined || !FORMS.includes(form))
    return refuse(`not of the form ${FORMS.map((each) => `table=${each}`).join(' or ')}`);
  const known = tablesOf(graph);
  if (!known.includes(name)) {
    const because = known.length === 0 ? 'it has none' : `it has ${known.map((each) => `"${each}"`).join(', ')}`;
    return refuse(`the model has no float table "${name}" of rows that Gather reads`, {
      because,
      ...suggestion(name, known),
    });
  }
  const table = valueOf(graph, name).constant!;
  if (form === 'int8') return { name, form, quantized: int8Rows(table) };
  const tied = tiedRows(graph, table);
  if (tied !== undefined) return { name, form: `the rows of "${tied.name}"`, quantized: tied.table };
  return refuse('no quantized weights of the model are this table', {
    because: 'every one has an element that is more than a step of its scale away',
    help: `--embedding ${name}=int8 gives it rows of its own`,
  });
}

/** Gather along the rows of a float matrix that is known. */
function readsRows(graph: Graph, node: Node): boolean {
  if (node.op !== 'Gather' || node.domain !== '') return false;
  const { constant, dtype, shape } = valueOf(graph, node.inputs[0]!);
  return (
    constant !== undefined &&
    dtype === 'float32' &&
    shape.length === 2 &&
    [0, -2].includes(Number(node.attributes.axis ?? 0))
  );
}

function tablesOf(graph: Graph): string[] {
  return [...new Set(graph.nodes.filter((node) => readsRows(graph, node)).map((node) => node.inputs[0]!))];
}

function replaceReaders(editor: GraphEditor, name: string, table: BlockRows): void {
  const { rows, inner, bits, block, weights, scales, zeros } = table;
  const dtype = weights instanceof Int8Array ? 'int8' : 'uint8';
  const data = editor.addConstant(`${name}_rows`, { dtype, shape: [rows, weights.length / rows], data: weights });
  const blocks = Math.ceil(inner / block);
  const steps = { dtype: 'float32', shape: [rows, blocks], data: Float32Array.from(scales) } as const;
  const scale = editor.addConstant(`${name}_scales`, steps);
  const zero =
    zeros === undefined
      ? []
      : [editor.addConstant(`${name}_zeros`, { dtype, shape: [rows, zeros.length / rows], data: zeros })];
  for (const node of editor.consumers(name)) {
    if (!readsRows(editor.base, node)) continue;
    editor.replaceNode(node, {
      ...node,
      op: 'GatherBlockQuantized',
      domain: 'com.microsoft',
      inputs: [data, node.inputs[1]!, scale, ...zero],
      attributes: { bits, block_size: block, gather_axis: 0, quantize_axis: 1, inner },
    });
  }
}

function describe(graph: Graph, name: string, form: string, { bits }: BlockRows, table: Tensor) {
  const before = valueOf(graph, name).constant!;
  const [was, is] = [before.data as Float32Array, table.data as Float32Array];
  const square = (at: (i: number) => number) => Math.sqrt(was.reduce((sum, _, i) => sum + at(i) ** 2, 0) / was.length);
  const error = square((i) => is[i]! - was[i]!);
  const relative = (100 * error) / square((i) => was[i]!);
  const what = form === 'int8' ? 'int8 rows' : `${form} (${bits} bits)`;
  return {
    code: 'NC0311',
    message: `"${name}" (${byteLength(before)} bytes of float32) is read from ${what}`,
    because: `--embedding; its elements change by ${relative.toPrecision(2)} % in the mean (root of the mean square)`,
  } as const;
}
