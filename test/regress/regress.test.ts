/** Every model here once gave a wrong result; its README says what broke. Each runs in every variant of the C. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ALL_VARIANTS, examine } from '../fuzz/fuzz.js';

const folder = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(folder)
  .filter((name) => existsSync(`${folder}${name}/model.onnx`))
  .sort();

it('every defect that was fixed stays fixed', async () => {
  expect(names.length).toBeGreaterThan(0);
  const inputs = names.map((name, seed) => ({
    seed,
    bytes: new Uint8Array(readFileSync(`${folder}${name}/model.onnx`)),
    variants: ALL_VARIANTS,
  }));
  const { failures, refused } = await examine(inputs);
  expect(failures.map(({ seed, stage, message }) => `${names[seed]}, ${stage}: ${message}`)).toEqual([]);
  expect([...refused].map(([seed, reason]) => `${names[seed]}: ${reason}`)).toEqual([]);
});

it.each(names)('%s: its README says first what broke', (name) => {
  const [first] = readFileSync(`${folder}${name}/README.md`, 'utf8').split('\n');
  expect(first!.length).toBeGreaterThan(20);
});
