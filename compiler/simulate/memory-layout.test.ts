import { describe, expect, it } from 'vitest';
import { ModelSketch, tensor } from '../../test/support/model-sketch.js';
import { branchModel, streamModel } from '../../test/support/quantized-models.js';
import { compile } from '../index.js';
import { findClobbers, memoryLayout } from './memory-layout.js';
import { complementSpans, containsSpan, intersects, mergeSpans, type Span } from './spans.js';

const arena = (offset: number, bytes: number): Span => ({ region: 'arena', offset, bytes });

describe('spans', () => {
  it('merges what touches, keeps regions apart', () => {
    const state: Span = { region: 'state', offset: 0, bytes: 4 };
    expect(mergeSpans([arena(8, 4), state, arena(0, 4), arena(4, 2), arena(9, 1), arena(20, 0)])).toEqual([
      arena(0, 6),
      arena(8, 4),
      state,
    ]);
  });

  it('the complement and the spans are everything, once', () => {
    const spans = [arena(3, 4), arena(5, 6), arena(14, 2)];
    const holes = complementSpans(spans, 'arena', 16);
    expect(holes).toEqual([arena(0, 3), arena(11, 3)]);
    expect(mergeSpans([...spans, ...holes])).toEqual([arena(0, 16)]);
    expect(complementSpans([], 'state', 5)).toEqual([{ region: 'state', offset: 0, bytes: 5 }]);
  });

  it('touching is not intersecting', () => {
    expect(intersects(arena(0, 4), arena(4, 4))).toBe(false);
    expect(intersects(arena(0, 5), arena(4, 4))).toBe(true);
    expect(containsSpan(arena(0, 8), arena(4, 4))).toBe(true);
    expect(containsSpan(arena(0, 8), arena(5, 4))).toBe(false);
  });
});

describe('memoryLayout', () => {
  it('a window that alignment makes a copy of is there when its base is', async () => {
    const model = new ModelSketch();
    model.dequantize(model.input('x', 'int8', 1, 84), { scale: 0.05, zero: 3 });
    model.quantize(model.node('Sigmoid', ['x_f'], 's'), 'q', { scale: 0.01, zero: -8 });
    model.constant('axis', tensor('int64', [1], 1));
    model.dequantize(model.constant('w', tensor('int8', [21, 16], 3, -50, 120, 7, 1)), { scale: 0.01, zero: 0 });
    // Two layers that want their input on a word, 63 bytes apart: one of them gets a copy.
    for (const from of [0, 63]) {
      const [start, end] = [from, from + 21].map((at) => model.constant(`at${at}_${from}`, tensor('int64', [1], at)));
      model.dequantize(model.node('Slice', ['q', start!, end!, 'axis'], `p${from}`), { scale: 0.01, zero: -8 });
      model.quantize(model.node('MatMul', [`p${from}_f`, 'w_f'], `m${from}`), `y${from}`, { scale: 0.3, zero: 0 });
      model.output(`y${from}`, 'int8');
    }
    const compilation = await compile({ fileName: 'window.onnx', bytes: model.bytes() }, { target: 'cortex-m55' });
    expect(compilation.plan.calls.map((call) => call.function)).toContain('nanoc_copy');
    expect(compilation.plan.views.some(({ value }) => value.endsWith('__window'))).toBe(true);
    const layout = memoryLayout(compilation);
    expect(findClobbers(compilation, layout)).toEqual([]);
    const windows = layout.steps[0]!.ready.filter(({ span }) => span.bytes === 21);
    expect(windows).toHaveLength(2);
  });

  it('every byte of every step is its own or to be kept; nothing dead is live', async () => {
    for (const [source, states] of [
      [branchModel(), []],
      [streamModel(), ['next=past']],
    ] as const) {
      for (const guardBytes of [0, 16]) {
        const compilation = await compile(source, { target: 'cortex-m4', states, guardBytes });
        const layout = memoryLayout(compilation);
        expect(findClobbers(compilation, layout)).toEqual([]);
        const all: Span[] = [arena(0, layout.arenaBytes)];
        if (layout.stateBytes > 0) all.push({ region: 'state', offset: 0, bytes: layout.stateBytes });
        for (const step of layout.steps) {
          expect(mergeSpans([...step.own, ...step.kept])).toEqual(all);
          for (const own of step.own) expect(step.kept.some((kept) => intersects(own, kept))).toBe(false);
          for (const dead of step.dead) {
            for (const { span } of step.live) expect(intersects(dead, span)).toBe(false);
          }
          expect(step.ready.length).toBeGreaterThan(0);
          if (guardBytes > 0) expect(step.dead.length).toBeGreaterThan(1);
        }
        // Each value becomes ready once.
        const names = layout.steps.flatMap((step) => step.ready.map(({ name }) => name));
        expect(new Set(names).size).toBe(names.length);
        expect(layout.outputs.map(({ name }) => name)).toEqual([...compilation.graph.outputs]);
      }
    }
  });
});
