/** What the typed binding of a model (`<model>.ts`) runs on: one model, built once, invoked from a Node program. */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readModelFile } from '../cli/model-file.js';
import type { CompileOptions } from '../compilation.js';
import { compile } from '../index.js';
import { valueOf } from '../ir/graph.js';
import { elementCount, type Tensor, type TensorData } from '../ir/tensor.js';
import { referenceInput } from './onnx-form.js';
import { type DeviceProgram, withProgram } from './program.js';
import { onProof } from './proof.js';
import type { RunOptions } from './run-result.js';
import { runVectors } from './session.js';

export interface RunnerRequest {
  /** The .onnx file. */
  readonly model: string | URL;
  /** Target name; `host` runs on this computer. */
  readonly target: string;
  /** As `nanoc build` takes them: name, dims, states, kernels. */
  readonly options?: Omit<CompileOptions, 'target'>;
  readonly run?: Pick<RunOptions, 'timeoutMs' | 'signal'>;
}

export interface Runner {
  /**
   * One inference. Inputs by ONNX name, flat or in any shape, in ONNX type; outputs likewise. State carries over to the next call.
   * @throws Error when an input is missing, unknown, or of another type or length; CompileError when the run fails
   */
  invoke(inputs: Readonly<Record<string, TensorData>>): Promise<Record<string, TensorData>>;
  /** State back to its initial value. */
  reset(): Promise<void>;
  /** Removes the build. The runner cannot be used afterwards. */
  close(): Promise<void>;
}

/**
 * Compiles and builds the model; every `invoke` is one start of the simulator, which is given the state that the last one left.
 * @throws CompileError when the model, the options or the toolchain is at fault
 */
export async function createRunner(request: RunnerRequest): Promise<Runner> {
  const path = request.model instanceof URL ? fileURLToPath(request.model) : request.model;
  const compilation = await onProof(await compile(readModelFile(path), { ...request.options, target: request.target }));
  const options = request.run ?? {};
  let close = () => {};
  const closing = new Promise<void>((resolve) => {
    close = resolve;
  });
  let ended: Promise<void> = Promise.resolve();
  const program = await new Promise<DeviceProgram>((resolve, reject) => {
    // The folder lives for as long as the action runs.
    ended = withProgram(compilation, options, async (built) => {
      resolve(built);
      await closing;
    });
    ended.catch(reject);
  });

  let state: Uint8Array | undefined;
  let isClosed = false;
  let last: Promise<unknown> = Promise.resolve();
  /** Calls run one after the other, in the order in which they were made. */
  const enqueue = <T>(action: () => Promise<T>): Promise<T> => {
    if (isClosed) return Promise.reject(new Error(`the runner of ${basename(path)} is closed`));
    const result = last.then(action);
    last = result.catch(() => {});
    return result;
  };
  return {
    invoke: (inputs) =>
      enqueue(async () => {
        const vector = vectorOf(program, inputs);
        const result = await runVectors(program, [vector], { ...options, ...(state === undefined ? {} : { state }) });
        state = result.state;
        const outputs = [...result.steps[0]!.outputs].map(([name, tensor]) => [name, tensor.data]);
        return Object.fromEntries(outputs) as Record<string, TensorData>;
      }),
    reset: () =>
      enqueue(async () => {
        state = undefined;
      }),
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await last;
      close();
      await ended;
    },
  };
}

function vectorOf(program: DeviceProgram, inputs: Readonly<Record<string, TensorData>>): Map<string, Tensor> {
  const { graph, reference } = program.compilation;
  const states = new Set(graph.states.map((state) => state.input));
  const values = graph.inputs.filter((name) => !states.has(name)).map((name) => referenceInput(graph, reference, name));
  const names = values.map(({ name }) => name);
  for (const name of Object.keys(inputs)) {
    if (!names.includes(name)) throw new Error(`the model has no input "${name}"; it has ${names.join(', ')}`);
  }
  return new Map(
    values.map((value): [string, Tensor] => {
      const { dtype, shape } = valueOf(reference, value.name);
      const data = inputs[value.name];
      if (data === undefined) throw new Error(`input "${value.name}" is missing`);
      if (data.length !== elementCount(shape)) {
        throw new Error(`input "${value.name}" has ${data.length} elements, expected ${elementCount(shape)}`);
      }
      return [value.name, { dtype, shape, data }];
    }),
  );
}
