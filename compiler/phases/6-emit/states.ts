/** Persistent state: how `<model>_reset()` writes its initial value. */
import { valueOf } from '../../ir/graph.js';
import { allocate, byteLength, bytesOf, elementCount, signOffset } from '../../ir/tensor.js';
import { locate, type ModelContext } from './context.js';
import { shapeText } from './describe.js';
import { commentText, elementLiterals } from './literals.js';
import { ctypeOfDtype } from './ports.js';

export interface StateView {
  /** Upper-case stem of its macros. */
  readonly macro: string;
  readonly label: string;
  readonly dtype: string;
  readonly shape: string;
  readonly bytes: number;
  readonly elements: number;
  readonly offset: number;
  readonly ctype: string;
  /** The initial element, as text. */
  readonly initial: string;
  /** The byte that memset writes; absent when the bytes of an element differ. */
  readonly fillByte?: string;
}

export function statesView(context: ModelContext): StateView[] {
  const { graph } = context;
  const { reference } = context.compilation;
  return graph.states.map((state) => {
    const value = valueOf(graph, state.input);
    const location = locate(context, state.input);
    if (location.region !== 'state')
      throw new Error(`invariant: state "${state.input}" lies in the ${location.region}`);
    // The binding is in ONNX's units: those of the reference graph.
    const binding = reference.states.find((each) => each.input === state.input) ?? state;
    const initial = binding.initial - (value.source?.signShift === true ? signOffset(value.dtype) : 0);
    const element = allocate(value.dtype, 1);
    if (element instanceof BigInt64Array || element instanceof BigUint64Array) element[0] = BigInt(initial);
    else element[0] = initial;
    const bytes = bytesOf(element);
    const uniform = bytes.every((byte) => byte === bytes[0]);
    return {
      macro: context.buffers.stem(state.input).toUpperCase(),
      label: commentText(state.input),
      dtype: value.dtype,
      shape: shapeText(value.shape),
      bytes: byteLength(value),
      elements: elementCount(value.shape),
      offset: location.offset,
      ctype: ctypeOfDtype(value.dtype),
      initial: elementLiterals(element)[0]!,
      ...(uniform ? { fillByte: `0x${bytes[0]!.toString(16).padStart(2, '0')}` } : {}),
    };
  });
}
