/** Schemas of what --json prints, one for each command; a command that prints something else is a defect. */
import { z } from 'zod';
import { planSchema, reportSchema } from '../report/index.js';
import { tuneTableSchema } from '../tune/tune-table.js';

const count = z.int().min(0);
const shape = z.array(count);
const diagnostic = z.strictObject({
  code: z.string().regex(/^NC\d{4}$/),
  severity: z.enum(['error', 'warning', 'note']),
  message: z.string(),
  node: z.string().optional(),
  expected: z.string().optional(),
  because: z.string().optional(),
  help: z.string().optional(),
});
const diagnostics = z.array(diagnostic);

/** The schema version stands in every document; it changes when a field is removed or changes its meaning. */
const document = <T extends z.ZodRawShape>(fields: T) =>
  z.strictObject({ schemaVersion: z.literal(1), ok: z.boolean(), ...fields });

const tensorInfo = z.strictObject({ name: z.string(), type: z.string(), quantization: z.string().optional() });

const output = z.strictObject({
  dtype: z.string(),
  shape,
  /** As stored. NaN and infinities, which JSON does not have, are text. */
  data: z.array(z.union([z.number(), z.string()])),
  real: z.array(z.number()).optional(),
  best: z.array(z.strictObject({ index: count, value: z.number() })).optional(),
});

/** verify/calls/route.ts says what else is in it. */
const calls = z.looseObject({
  passed: z.boolean(),
  calls: z.array(z.looseObject({ output: z.string(), node: z.string(), kernel: z.string(), verdict: z.string() })),
  replaced: z.array(z.looseObject({ output: z.string(), node: z.string(), kernel: z.string() })),
});

const layer = z.strictObject({
  step: count,
  node: z.string(),
  op: z.string(),
  function: z.string(),
  macs: count,
  instructions: count.optional(),
});

export const documents = {
  failure: document({ exitCode: z.int(), diagnostics }),
  build: document({
    builds: z.array(
      z.strictObject({
        target: z.string(),
        folder: z.string(),
        files: z.array(z.string()),
        report: reportSchema,
        /** Where calls were proven, or are known to be wrong. */
        calls: calls.optional(),
        diagnostics,
      }),
    ),
  }),
  composite: document({
    name: z.string(),
    builds: z.array(
      z.strictObject({
        target: z.string(),
        folder: z.string(),
        files: z.array(z.string()),
        /** Of all models together; `alone`: the sums of each with an arena of its own. */
        arena: count,
        ram: count.optional(),
        flash: count.optional(),
        alone: z.strictObject({ arena: count, ram: count.optional(), flash: count.optional() }),
        models: z.array(reportSchema),
        diagnostics,
      }),
    ),
  }),
  run: document({
    target: z.string(),
    simulator: z.strictObject({ name: z.string(), proves: z.string() }),
    steps: z.array(
      z.strictObject({ label: z.string(), instructions: count.optional(), outputs: z.record(z.string(), output) }),
    ),
    layers: z.array(layer).optional(),
    diagnostics,
  }),
  text: document({
    target: z.string(),
    simulator: z.strictObject({ name: z.string(), proves: z.string() }),
    text: z.string(),
    promptTokens: count,
    tokens: z.array(z.strictObject({ token: count, instructions: count.optional() })),
    /** Mean of the steps. */
    instructions: count.optional(),
    flash: count.optional(),
    ram: count.optional(),
    diagnostics,
  }),
  photos: document({
    target: z.string(),
    simulator: z.strictObject({ name: z.string(), proves: z.string() }),
    photos: z.array(
      z.strictObject({
        photo: z.string(),
        /** It had another size than the camera's frame. */
        fitted: z.boolean(),
        label: z.string().optional(),
        score: z.number().optional(),
        instructions: z.strictObject({ image: count, inference: count }).optional(),
        outputs: z.record(z.string(), output),
      }),
    ),
    diagnostics,
  }),
  sound: document({
    target: z.string(),
    simulator: z.strictObject({ name: z.string(), proves: z.string() }),
    seconds: z.number(),
    frames: count,
    /** NaN and infinities, which JSON does not have, are text. */
    inferences: z.array(
      z.strictObject({
        seconds: z.number(),
        outputs: z.record(z.string(), z.array(z.union([z.number(), z.string()]))),
      }),
    ),
    /** Of a frame in the front end, of an inference, of a second of sound, of the call that took most. */
    instructions: z.strictObject({ frame: count, inference: count, second: count, mostInOneCall: count }).optional(),
    /** Hz, and the share of it at one instruction a cycle. */
    clock: z.number().optional(),
    share: z.number().optional(),
    diagnostics,
  }),
  verify: document({
    results: z.array(
      // verify/result.ts says what else is in it.
      z.looseObject({
        passed: z.boolean(),
        target: z.string(),
        simulator: z.string(),
        vectors: count,
        builds: z.array(z.looseObject({ build: z.string(), passed: z.boolean() })),
        calls: calls.optional(),
        diagnostics,
      }),
    ),
    /** Where models share one arena: one for each target. */
    composites: z
      .array(
        z.strictObject({
          target: z.string(),
          passed: z.boolean(),
          runs: count,
          changes: count,
          divergence: z.string().optional(),
        }),
      )
      .optional(),
  }),
  inspect: document({
    opsets: z.record(z.string(), count),
    form: z.string(),
    inputs: z.array(tensorInfo),
    outputs: z.array(tensorInfo),
    operators: z.array(z.strictObject({ name: z.string(), count, supported: z.boolean() })),
    nodes: count,
    parameters: count,
    parameterBytes: count,
    macs: count.optional(),
    diagnostics,
  }),
  plan: document({ plan: planSchema, diagnostics }),
  tune: document({ file: z.string(), runs: tuneTableSchema.shape.runs }),
  print: document({ stage: z.string(), text: z.string() }),
  ops: document({
    operators: z.array(
      z.strictObject({
        name: z.string(),
        domain: z.string(),
        title: z.string(),
        opsets: z.array(count),
        quantized: z.string(),
        summary: z.string(),
      }),
    ),
  }),
  targets: document({
    targets: z.array(
      z.strictObject({
        name: z.string(),
        description: z.string(),
        features: z.array(z.string()),
        compiler: z.string(),
        simulator: z.string(),
      }),
    ),
  }),
  doctor: document({
    node: z.string(),
    tools: z.array(
      z.strictObject({
        name: z.string(),
        version: z.string().optional(),
        neededBy: z.array(z.string()),
        optional: z.boolean(),
        install: z.string(),
      }),
    ),
  }),
  explain: document({
    codes: z.array(z.strictObject({ code: z.string(), title: z.string() })).optional(),
    code: z.string().optional(),
    title: z.string().optional(),
    body: z.string().optional(),
  }),
  init: document({ file: z.string(), config: z.record(z.string(), z.unknown()) }),
};

export type DocumentKind = keyof typeof documents;

/** The document as text. @throws ZodError when it does not have the form of its kind: a defect */
export function documentText(kind: DocumentKind, content: object): string {
  return `${JSON.stringify(documents[kind].parse({ schemaVersion: 1, ...content }), undefined, 2)}\n`;
}
