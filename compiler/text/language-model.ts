/** Recognises a graph as one step of a language model: a token and its position in, logits out. */
import { fail } from '../diagnostics/diagnostic.js';
import { type Graph, type Value, valueOf } from '../ir/graph.js';
import { elementCount } from '../ir/tensor.js';
import { parseTokenizer, type TokenizerSource } from './parse.js';
import type { Tokenizer } from './tokenizer.js';

/** How text goes through a compiled model; names of values of its graph. */
export interface TextPlan {
  readonly tokenizer: Tokenizer;
  readonly token: string;
  /** Absent where the model keeps no count of its steps. */
  readonly position?: string;
  readonly logits: string;
  /** Tokens of the longest text. */
  readonly context: number;
}

const TOKEN = /^(input_?)?(token|id)s?(_?ids?)?$/i;
const POSITION = /pos|step/i;
/** Tokens that are kept for the repetition penalty where the model has no end. */
const ENDLESS = 256;

/** @throws CompileError NC0734 to NC0737 */
export function planText(graph: Graph, source: TokenizerSource): TextPlan {
  const tokenizer = parseTokenizer(source);
  const states = new Set(graph.states.flatMap(({ input, output }) => [input, output]));
  const inputs = graph.inputs.filter((name) => !states.has(name)).map((name) => valueOf(graph, name));
  const outputs = graph.outputs.filter((name) => !states.has(name)).map((name) => valueOf(graph, name));
  const isNumber = ({ dtype, shape }: Value) => /^u?int(16|32|64)$/.test(dtype) && elementCount(shape) === 1;
  const position = inputs.find((value) => isNumber(value) && POSITION.test(value.name));
  const numbers = inputs.filter((value) => isNumber(value) && value !== position);
  const token = numbers.find(({ name }) => TOKEN.test(name)) ?? numbers[0];
  const logits = outputs.find(({ name }) => /logits/i.test(name)) ?? outputs[0];
  if (token === undefined || inputs.length !== (position === undefined ? 1 : 2)) return noStep(inputs, 'inputs');
  if (logits?.dtype !== 'float32') return noStep(outputs, 'outputs');
  const context = contextOf(graph, position);
  checkVocabulary(tokenizer, logits, source.fileName);
  const named = position === undefined ? {} : { position: position.name };
  return { tokenizer, token: token.name, ...named, logits: logits.name, context };
}

function noStep(values: readonly Value[], what: string): never {
  return fail({
    code: 'NC0736',
    message: 'the model is not one step of a language model',
    expected:
      'one integer for the token, one for its position (with "pos" in its name) or none, and float32 logits; all else as state',
    because: `its ${what} are ${values.map(({ name, dtype, shape }) => `"${name}": ${dtype}[${shape}]`).join(', ') || 'states only'}`,
    help: 'bind what is kept between steps by --state output=input',
  });
}

/** Rows of the smallest cache. */
function contextOf(graph: Graph, position: Value | undefined): number {
  const caches = graph.nodes.filter(({ op }) => op === 'CacheUpdate');
  if (caches.length > 0) return Math.min(...caches.map((node) => valueOf(graph, node.inputs[0]!).shape[0]!));
  if (position === undefined) return ENDLESS;
  return fail({
    code: 'NC0736',
    message: 'the model is not one step of a language model',
    because: `it has a position, "${position.name}", and no cache was recognised, so that its last position is not known`,
    help: 'docs/LANGUAGE-MODELS.md says which caches are recognised; their outputs must be bound by --state',
  });
}

function checkVocabulary({ pieces }: Tokenizer, logits: Value, fileName: string): void {
  const count = elementCount(logits.shape);
  if (count >= pieces.length) return;
  fail({
    code: 'NC0737',
    message: `the tokenizer ${fileName} does not belong to the model`,
    because: `it has ${pieces.length} tokens, "${logits.name}" has ${count} elements`,
  });
}
