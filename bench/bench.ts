/**
 * `npm run bench`: measures every model on every simulated target, writes bench/results.json and the table of the README,
 * and prints the figures beside the peers'. `npm run bench -- --help` lists the options.
 */
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import type { Target } from '../compiler/ir/target.js';
import { hasTools, isOfVendor } from '../compiler/simulate/proof.js';
import { listTargets, loadTarget } from '../compiler/targets.js';
import { compilerVersion } from '../compiler/toolchain/build.js';
import { Cache, type CacheKey, sourcesHash } from './cache.js';
import { group, regressions, tolerance } from './compare.js';
import type { Outcome, Request } from './job.js';
import { listModels } from './models.js';
import { readPeers } from './peers.js';
import { updateReadme } from './readme.js';
import { renderChanges, renderResults } from './report.js';
import { keyOf, merge, type Result, readResults, resultSchema, resultsPath, writeResults } from './results.js';

const usage = `npm run bench -- [options]
  --model TEXT      only models whose name contains TEXT (may be repeated)
  --target NAME     only this target (may be repeated)
  --kernels NAME    auto (default), native, portable, ...
  --optimize NAME   balanced (default), size, speed
  --check           compare with bench/results.json and write nothing; exit code 1 when a figure
                    grew by more than ${100 * tolerance} %, or a model is no longer exact or no longer compiles
  --results FILE    the file that is compared and written (default: bench/results.json)
  --fresh           measure again what build/bench has from an earlier run of the same sources
`;

const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true },
    target: { type: 'string', multiple: true },
    kernels: { type: 'string', default: 'auto' },
    optimize: { type: 'string', default: 'balanced' },
    check: { type: 'boolean', default: false },
    results: { type: 'string', default: resultsPath },
    fresh: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const cache = new Cache();

interface Job {
  readonly request: Request;
  readonly key: CacheKey;
}

interface Summary {
  readonly results: readonly Result[];
  /** What has to be mended: a crash of nanoc, a model that is not exact, a known model that is refused. */
  readonly failures: readonly string[];
}

if (values.help) process.stdout.write(usage);
else process.exitCode = await main();

async function main(): Promise<number> {
  const committed = readResults(values.results);
  const jobs = await makeJobs();
  if (jobs.length === 0) {
    console.error('no model and target fit the options, and nothing is measured');
    return 2;
  }
  const { results, failures } = await runAll(jobs, committed);
  const peerOf = (name: string) => jobs.find(({ request }) => request.model.name === name)?.request.model.peer;
  console.log(`\n${renderResults(results, readPeers(), peerOf)}`);
  console.log(renderChanges(committed, results));
  const problems = [...failures, ...(values.check ? regressions(committed, results) : [])];
  for (const problem of problems) console.error(`FAILED ${problem}`);
  if (!values.check) {
    const all = merge(committed, results);
    writeResults(all, values.results);
    // Figures of an experiment are none of the README.
    if (values.results === resultsPath) updateReadme(all);
    console.log(`${values.results} is written${values.results === resultsPath ? ', and the table in README.md' : ''}.`);
  }
  return problems.length === 0 ? 0 : 1;
}

/** Every model with every target that has a simulator. */
async function makeJobs(): Promise<readonly Job[]> {
  const { kernels, optimize } = resultSchema.pick({ kernels: true, optimize: true }).strip().parse(values);
  const targets = await Promise.all((values.target ?? listTargets()).map(loadTarget));
  const models = listModels().filter(({ name }) => values.model?.some((text) => name.includes(text)) ?? true);
  const sources = sourcesHash();
  const jobs: Job[] = [];
  for (const target of targets.filter(({ qemu, core }) => qemu !== undefined && core === undefined)) {
    if (!(await isMeasured(target))) continue;
    const simulator = (await execa(target.qemu!.command, ['--version'])).stdout.split('\n')[0];
    const tools = `${await compilerVersion(target)}; ${simulator}`;
    for (const model of models) {
      const request = { model, target: target.name, kernels, optimize };
      jobs.push({ request, key: { ...request, sources, tools } });
    }
  }
  return jobs.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** A core whose tools no registry brings is measured where they are; elsewhere its committed rows stay as they were. */
async function isMeasured(target: Target): Promise<boolean> {
  if (!isOfVendor(target) || (await hasTools(target))) return true;
  console.log(`skipped: ${target.name}, whose tools are not on this computer; its rows stay those of an earlier run`);
  return false;
}

function nameOf({ request }: Job): string {
  return keyOf({ ...request, model: request.model.name });
}

/** Two jobs at a time, each in a process of its own. */
async function runAll(jobs: readonly Job[], committed: readonly Result[]): Promise<Summary> {
  const known = new Set(committed.map(keyOf));
  const results: Result[] = [];
  const failures: string[] = [];
  const queue = [...jobs];
  const worker = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      const count = `[${jobs.length - queue.length}/${jobs.length}]`;
      const outcome = await outcomeOf(job);
      if (typeof outcome === 'object' && outcome.kind === 'measured') results.push(outcome.result);
      const failure = failureOf(outcome, known.has(nameOf(job)));
      if (failure !== undefined) failures.push(`${nameOf(job)}: ${failure}`);
      console.log(`${count} ${nameOf(job)}: ${summaryOf(outcome)}`);
    }
  };
  await Promise.all([worker(), worker()]);
  return { results: results.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)), failures };
}

/** From an earlier run of the same sources, or measured now; text when the process broke down. */
async function outcomeOf({ key, request }: Job): Promise<Outcome | string> {
  const cached = values.fresh ? undefined : cache.find(key);
  if (cached !== undefined) return { kind: 'measured', result: cached };
  const outcome = await runJob(request);
  const exact = typeof outcome === 'object' && outcome.kind === 'measured' && outcome.result.exact;
  // A source that was edited meanwhile may or may not be in this result.
  if (exact && sourcesHash() === key.sources) cache.store(key, outcome.result);
  return outcome;
}

function failureOf(outcome: Outcome | string, known: boolean): string | undefined {
  if (typeof outcome === 'string') return outcome;
  if (outcome.kind === 'refused') return known ? outcome.diagnostics.join('; ') : undefined;
  return outcome.result.exact ? undefined : (outcome.divergence ?? 'not exact');
}

function summaryOf(outcome: Outcome | string): string {
  if (typeof outcome === 'string') return 'failed';
  if (outcome.kind === 'refused') return `not supported: ${outcome.diagnostics[0]}`;
  const { exact, instructions } = outcome.result;
  return `${exact ? 'bit-exact' : 'NOT exact'}, ${group(instructions)} instructions`;
}

/** The outcome, or what the process said before it broke down. */
async function runJob(request: Request): Promise<Outcome | string> {
  const script = new URL('job.ts', import.meta.url).pathname;
  const run = await execa(process.execPath, ['--import', 'tsx', script, JSON.stringify(request)], { reject: false });
  if (run.failed) return run.stderr.split('\n').slice(-12).join('\n');
  return JSON.parse(run.stdout) as Outcome;
}
