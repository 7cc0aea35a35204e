import { describe, expect, it } from 'vitest';
import { recordingTerminal } from '../../test/support/command-line.js';
import type { Divergence, TensorDistance, VerifyResult } from '../verify/result.js';
import { renderVerification } from './verify-text.js';

const { terminal } = recordingTerminal();
const build = { build: 'release plan, poison 0x55', passed: true, tensors: 3, elements: 1234 };
const good: VerifyResult = {
  passed: true,
  target: 'cortex-m0',
  simulator: 'QEMU mps2-an385',
  vectors: 16,
  builds: [build],
  withoutCounterpart: [],
  onnxRuntimeSkipped: 'it is not installed',
  cases: [],
};
const divergence: Divergence = {
  kind: 'device',
  build: build.build,
  vector: 2,
  vectorLabel: 'rounding ties',
  step: 4,
  node: '"/conv2/Conv" (Conv)',
  kernel: 'nanoc_conv_s8',
  tensor: '/conv2/out',
  element: [0, 3, 1, 2],
  expected: 17,
  got: 18,
  differing: 5,
  of: 2000,
  message: '"/conv2/out" differs',
};

describe('a verification as text', () => {
  it('that passed says bit-exact, and what was not compared', () => {
    expect(renderVerification(terminal, good).split('\n')).toEqual(
      [
        'cortex-m0                  tensors  elements  result',
        '─────────────────────────  ───────  ────────  ──────────────────────────',
        'release plan, poison 0x55        3     1,234  every byte as the reference',
        'not compared with ONNX Runtime: it is not installed',
        'cortex-m0: bit-exact at every layer (16 vectors, QEMU mps2-an385)',
        '',
      ].map((line) => (line.startsWith('─') ? expect.stringMatching(/^─+ {2}─+ {2}─+ {2}─+$/) : line)),
    );
  });

  it('names calls that were wrong by themselves, what replaced them, and what could not be run', () => {
    const fault = {
      kind: 'scratch',
      vector: 'all zero',
      message: 'writes 3 bytes beyond its scratch of 64 bytes',
    } as const;
    const call = { output: 'y', node: 'conv', op: 'Conv', kernel: 'nanoc_a', family: 'native' } as const;
    const calls = [
      { ...call, verdict: 'proven', runs: 8 } as const,
      { ...call, verdict: 'not proven here', because: 'no copy is given' } as const,
      { ...call, verdict: 'wrong', fault } as const,
    ];
    const { family: _, ...layer } = call;
    const replacement = { kernel: 'nanoc_b', family: 'native', instructions: 12_000 };
    const replaced = [{ ...layer, fault, instructions: 9000, replacement }];
    const text = renderVerification(terminal, { ...good, passed: false, calls: { passed: false, calls, replaced } });
    expect(text).toContain(
      [
        'single calls: 1 of 3 proven',
        '  1 not proven here: no copy is given',
        'wrong call: "conv" (Conv), nanoc_a writes 3 bytes beyond its scratch of 64 bytes',
        'wrong call replaced: "conv" (Conv), nanoc_a: writes 3 bytes beyond its scratch of 64 bytes',
        '  replaced by nanoc_b (native): 12,000 instructions instead of 9,000',
      ].join('\n'),
    );
    expect(text).toContain('but a call is wrong by itself');
  });

  it('that failed names vector, layer, kernel, tensor, element, expected and got', () => {
    const failed = {
      ...good,
      passed: false,
      builds: [{ ...build, passed: false, divergence }],
      firstDivergence: divergence,
    };
    const text = renderVerification(terminal, failed);
    expect(text).toContain('differs\n');
    expect(text).toContain(
      'cortex-m0: not bit-exact (16 vectors, QEMU mps2-an385)\nfirst divergence: "/conv2/out" differs\n',
    );
    for (const line of [
      'vector    3, rounding ties',
      'layer     5, "/conv2/Conv" (Conv)',
      'kernel    nanoc_conv_s8',
      'tensor    "/conv2/out"[0, 3, 1, 2]',
      'expected  17',
      'got       18',
      'differing 5 of 2,000',
    ]) {
      expect(text).toContain(`   ${line}\n`);
    }
  });

  const tensor: TensorDistance = {
    tensor: 'soft',
    node: 'soft',
    dtype: 'int8',
    elements: 120,
    differing: 2,
    maxDistance: 1,
    verdict: 'off by one',
    differingUnoptimized: 0,
  };
  const oracle = {
    version: '1.30.0',
    passed: true,
    tensors: [tensor],
    elements: 120,
    differing: 2,
    outputs: [],
    remarks: ['in another order'],
  };

  it('says how far the reference is from ONNX Runtime, tensor by tensor', () => {
    const text = renderVerification(terminal, { ...good, onnxRuntime: oracle });
    expect(text).toMatch(/reference against ONNX Runtime 1\.30\.0 +1 +120 {2}2 differ, by 1 at most\n/);
    expect(text).toContain('  "soft" off by one: 2 differ, by 1 at most, of 120\n  in another order\n');
    expect(text).toContain('bit-exact at every layer (16 vectors, QEMU mps2-an385)\n');
  });

  it('does not end well where nothing explains the difference from ONNX Runtime', () => {
    const onnxRuntime = {
      ...oracle,
      passed: false,
      tensors: [tensor, { ...tensor, tensor: 'odd', verdict: 'different' as const, maxDistance: 9 }],
    };
    const text = renderVerification(terminal, { ...good, passed: false, onnxRuntime });
    expect(text.indexOf('"odd" different')).toBeLessThan(text.indexOf('"soft" off by one'));
    expect(text).toContain(', but the reference is not what ONNX Runtime computes\n');
  });

  it('shows where the reference differs from the outputs that were given', () => {
    const expected = {
      passed: false,
      elements: 27,
      differing: 3,
      maxDistance: 4,
      divergence: { ...divergence, kind: 'expected' as const },
    };
    const text = renderVerification(terminal, { ...good, expected });
    expect(text).toMatch(/outputs in the vectors +27 {2}3 differ, by 4 at most\n/);
    expect(text).toContain('first difference from the vectors: "/conv2/out" differs\n');
  });
});
