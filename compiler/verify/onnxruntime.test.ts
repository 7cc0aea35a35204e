import onnxProto from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { branchModel, streamModel } from '../../test/support/quantized-models.js';
import { compile } from '../index.js';
import { defaultVectors } from './default-vectors.js';
import { compareWithOnnxRuntime } from './onnxruntime.js';
import type { OnnxRuntimeVerification } from './result.js';
import { evaluateReference } from './verify.js';

const required = { required: true };

describe('compareWithOnnxRuntime', () => {
  it('finds every integer tensor equal', async () => {
    const compilation = await compile(branchModel(), { target: 'host' });
    const set = defaultVectors(compilation.reference, { count: 12 });
    const reference = await evaluateReference(compilation.reference, set, {});
    const result = (await compareWithOnnxRuntime(compilation, set, reference, required)) as OnnxRuntimeVerification;
    expect(result.tensors.map(({ tensor, elements }) => [tensor, elements])).toEqual(
      ['a', 'b', 'y'].map((name) => [name, 12 * 144]),
    );
    expect(result).toMatchObject({ passed: true, version: expect.stringMatching(/^1\./) });
    for (const { maxDistance } of result.tensors) expect(maxDistance).toBeLessThanOrEqual(1);
    expect(result.outputs.map(({ tensor, optimization }) => [tensor, optimization])).toEqual([
      ['y', 'default'],
      ['y', 'none'],
    ]);
  });

  it('carries the state of a stateful model', async () => {
    const compilation = await compile(streamModel(), { target: 'host', states: ['next=past:9'] });
    const set = defaultVectors(compilation.reference, { count: 10 });
    const reference = await evaluateReference(compilation.reference, set, {});
    const result = (await compareWithOnnxRuntime(compilation, set, reference, required)) as OnnxRuntimeVerification;
    expect(result).toMatchObject({ passed: true, differing: 0 });
    expect(result.tensors.map(({ tensor }) => tensor)).toContain('y');
  });

  it('shows a difference at the node where it arises, and only there', async () => {
    const compilation = await compile(branchModel(), { target: 'host' });
    const set = defaultVectors(compilation.reference, { count: 6 });
    const reference = await evaluateReference(compilation.reference, set, {});
    // ONNX Runtime gets a model in which conv1's bias is another.
    const model = onnxProto.onnx.ModelProto.decode(compilation.source.bytes);
    const bias = model.graph!.initializer!.find(({ name }) => name === 'conv1_b')!;
    const data = Int32Array.from(new Int32Array(Uint8Array.from(bias.rawData!).buffer), (x) => x + 5000);
    bias.rawData = new Uint8Array(data.buffer);
    const source = { ...compilation.source, bytes: onnxProto.onnx.ModelProto.encode(model).finish() };
    const result = (await compareWithOnnxRuntime(
      { ...compilation, source },
      set,
      reference,
      required,
    )) as OnnxRuntimeVerification;
    expect(result.passed).toBe(false);
    expect(result.tensors.map(({ tensor, verdict }) => [tensor, verdict])).toEqual([
      ['a', 'different'],
      ['b', 'equal'],
      ['y', 'equal'],
    ]);
    expect(result.outputs[0]!.differing).toBeGreaterThan(0);
  });

  it('says why there is no comparison, or fails where it was demanded', async () => {
    const compilation = await compile(branchModel(), { target: 'host' });
    const set = defaultVectors(compilation.reference, { count: 1 });
    const reference = await evaluateReference(compilation.reference, set, {});
    const model = onnxProto.onnx.ModelProto.decode(compilation.source.bytes);
    model.irVersion = 9999;
    const broken = {
      ...compilation,
      source: { ...compilation.source, bytes: onnxProto.onnx.ModelProto.encode(model).finish() },
    };
    expect(await compareWithOnnxRuntime(broken, set, reference, { required: false })).toContain(
      'ONNX Runtime cannot run the model',
    );
    await expect(compareWithOnnxRuntime(broken, set, reference, required)).rejects.toMatchObject({
      exitCode: 3,
      diagnostics: [{ code: 'NC0714' }],
    });
  });
});
