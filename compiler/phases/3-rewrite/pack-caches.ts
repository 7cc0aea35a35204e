/**
 * `--kv-cache form`: the float32 caches that attention reads are kept in fewer bits. A row is packed as it is written, and attention reads packed
 * rows. This changes what the model computes, so it is done only where it is asked for; the reference evaluator computes the same.
 */
import type { Diagnostics } from '../../diagnostics/diagnostic.js';
import { GraphEditor } from '../../ir/builders.js';
import type { Graph, Node, StateBinding } from '../../ir/graph.js';
import { elementCount } from '../../ir/tensor.js';
import { CACHE_FORMS, type CacheForm, rowBytes } from '../../ops/shared/cache-rows.js';

export type KvCache = 'f32' | CacheForm;

/** @param graph the reference graph. Errors: NC0209 */
export function packCaches(graph: Graph, form: KvCache | undefined, diagnostics: Diagnostics): Graph {
  if (form === undefined || form === 'f32') return graph;
  const editor = new GraphEditor(graph);
  const refused: string[] = [];
  let [packed, before, after] = [0, 0, 0];
  editor.states = editor.states.map((state) => {
    const caches = cacheOf(editor, state);
    if (caches === undefined) return state;
    const reason = reasonAgainst(editor, state, caches);
    if (reason !== undefined) {
      refused.push(`"${state.input}": ${reason}`);
      return state;
    }
    const { shape } = editor.value(state.input);
    packed += 1;
    before += 4 * elementCount(shape);
    after += (elementCount(shape) / shape.at(-1)!) * rowBytes(form, shape.at(-1)!);
    return packCache(editor, state, caches, form);
  });
  if (refused.length > 0 || packed === 0) {
    diagnostics.error({
      code: 'NC0209',
      message: `--kv-cache ${form} does not fit the model`,
      because: refused.length > 0 ? refused.join('\n') : 'it has no float32 cache that attention reads',
      expected: 'float32 caches, each written a row at a time and read by attention alone',
      help: 'nanoc print --after=3-rewrite:recognise-attention shows what became of them; --kv-cache f32 leaves caches as they are',
    });
    return graph;
  }
  diagnostics.note({
    code: 'NC0312',
    message: `${packed} caches are kept in ${form}: ${after} bytes instead of ${before}`,
    because: `--kv-cache; ${CACHE_FORMS[0] === form ? 'rows are rounded to float16' : 'each row has a scale, a float32'}`,
  });
  return editor.finish();
}

/** What writes a state and those that read it, where attention is one of these. */
interface Cache {
  readonly update: Node | undefined;
  readonly readers: readonly Node[];
}

function cacheOf(editor: GraphEditor, state: StateBinding): Cache | undefined {
  const readers = editor.consumers(state.output);
  const isRead = readers.some(({ op, inputs }) => op === 'CachedAttention' && inputs.indexOf(state.output) > 0);
  return isRead ? { update: editor.producer(state.output), readers } : undefined;
}

function reasonAgainst(editor: GraphEditor, state: StateBinding, { update, readers }: Cache): string | undefined {
  const { dtype } = editor.value(state.input);
  if (dtype !== 'float32') return `it is ${dtype}, as the model has it`;
  if (update?.op !== 'CacheUpdate' || update.inputs[0] !== state.input) return 'it is not written a row at a time';
  if (editor.consumers(state.input).length !== 1) return 'the past is read besides';
  if (readers.some(({ op }) => op !== 'CachedAttention')) return 'something else than attention reads it';
  const [row, cache] = [update.inputs[1]!, state.input].map((name) => editor.value(name).shape.at(-1));
  if (row !== cache) return `it has rows of ${cache} elements, and what is written has ${row}`;
  return state.initial === 0 ? undefined : `it is reset to ${state.initial}`;
}

function packCache(
  editor: GraphEditor,
  state: StateBinding,
  { update, readers }: Cache,
  form: CacheForm,
): StateBinding {
  const packedShape = (name: string) => {
    const { shape } = editor.value(name);
    return [...shape.slice(0, -1), rowBytes(form, shape.at(-1)!)];
  };
  const value = (like: string) =>
    editor.addValue({ name: `${like}_${form}`, dtype: 'uint8', shape: packedShape(like) });
  const [, row, ...position] = update!.inputs as [string, string, ...string[]];
  const [input, output] = [value(state.input), value(state.output)];
  const packedRow = value(row);
  editor.addNode({
    name: packedRow,
    op: 'PackCacheRows',
    domain: 'ai.nanoc',
    inputs: [row],
    outputs: [packedRow],
    attributes: { form },
  });
  editor.replaceNode(update!, { ...update!, inputs: [input, packedRow, ...position], outputs: [output] });
  for (const reader of readers) {
    editor.replaceNode(reader, {
      ...reader,
      inputs: reader.inputs.map((name) => (name === state.output ? output : name)),
      attributes: { ...reader.attributes, cache: form },
    });
  }
  editor.inputs = editor.inputs.map((name) => (name === state.input ? input : name));
  editor.outputs = editor.outputs.map((name) => (name === state.output ? output : name));
  return { ...state, input, output, initial: 0 };
}
