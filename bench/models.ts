/** Which models are measured: those of examples/ and those of NANOC_MODELS (by default ../shared/models, where it exists). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../compiler/cli/config.js';
import { parseStream, type StreamOptions } from '../compiler/stream/options.js';
import { packageRoot } from '../compiler/toolchain/package-root.js';

export interface BenchModel {
  /** Path below its root without `.onnx`, with forward slashes; those of examples/ start with `examples/`. */
  readonly name: string;
  readonly path: string;
  /** Name of the model in bench/peers.json. */
  readonly peer?: string;
  /** Options of `compile()`. */
  readonly states?: readonly string[];
  readonly dims?: Readonly<Record<string, number>>;
  readonly stream?: StreamOptions;
}

/** Options of models that are not in the repository; those of examples/ stand in their nanoc.json. */
const optionsSchema = z.record(
  z.string(),
  z.strictObject({
    peer: z.string().optional(),
    states: z.array(z.string()).optional(),
    dims: z.record(z.string(), z.int().positive()).optional(),
    /** `--stream`: the model is measured that way too, under a name of its own. */
    stream: z.string().optional(),
  }),
);

/** Folder of models outside the repository; undefined when there is none. */
export function modelsFolder(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const folder = environment.NANOC_MODELS ?? resolve(packageRoot(), '../shared/models');
  return existsSync(folder) ? folder : undefined;
}

/** All models, sorted by name. */
export function listModels(outside: string | undefined = modelsFolder()): readonly BenchModel[] {
  const examples = join(packageRoot(), 'examples');
  const options = optionsSchema.parse(JSON.parse(readFileSync(new URL('models.json', import.meta.url), 'utf8')));
  const mine = onnxFiles(examples)
    .filter(isMain)
    .map((path) => ({
      name: `examples/${nameOf(examples, path)}`,
      path,
      ...exampleOptions(path),
    }));
  const others =
    outside === undefined
      ? []
      : onnxFiles(outside).flatMap((path): BenchModel[] => {
          const name = nameOf(outside, path);
          const { stream, ...others } = options[name] ?? {};
          const whole = { name, path, ...definedOnly(others) };
          if (stream === undefined) return [whole];
          const { peer: _, ...rest } = whole;
          return [whole, { ...rest, name: `${name} --stream`, stream: parseStream(stream)! }];
        });
  return [...mine, ...others].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function onnxFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.onnx'))
    .map((path) => join(folder, path));
}

/** An example's model has the name of its folder; the forms of nano-gpt are measured by `npm run table:lm`. */
function isMain(path: string): boolean {
  return basename(dirname(path)) === basename(path, '.onnx');
}

/** `digits/digits.onnx` is called `digits`. */
function nameOf(folder: string, path: string): string {
  const parts = relative(folder, path)
    .replace(/\.onnx$/, '')
    .split(sep);
  return (parts.at(-1) === parts.at(-2) ? parts.slice(0, -1) : parts).join('/');
}

function exampleOptions(path: string): Pick<BenchModel, 'states' | 'dims' | 'stream'> {
  const { states, dims, stream } = loadConfig(dirname(path)) ?? {};
  return definedOnly({ states, dims, stream });
}

function definedOnly<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}
