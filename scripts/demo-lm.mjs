/**
 * `npm run demo:lm`: a language model of 0.2 million parameters writes on a simulated Cortex-M4. Tokenizer, model, sampler and the loop round
 * them are generated C in the firmware; the text comes token by token. Sets up what is missing first.
 */
import { setUp } from './setup.mjs';
import { bold, dim, red, run } from './support/run.mjs';

const folder = 'examples/nano-gpt';
const choice = ['--temperature', '0.7', '--top-p', '0.9', '--seed', '4'];
const prompt = 'And the king said unto his servants, ';

async function main() {
  console.log(bold('nanoc demo: a language model on a Cortex-M4'));
  console.log(dim('Checks what is installed first, and installs what is missing.'));
  const missing = await setUp('demo');
  if (missing !== 0) return missing;
  const tokenizer = ['--tokenizer', `${folder}/tokenizer.json`];
  const model = ['run', `${folder}/nano-gpt-int8.onnx`, '--target', 'cortex-m4'];
  const command = [...model, ...tokenizer, '--text', prompt, '--tokens', '96', ...choice];
  const typed = command.map((word) => (/[ ,]/.test(word) ? `"${word}"` : word)).join(' ');
  console.log(`\n${dim(`$ npx nanoc ${typed}`)}\n`);
  const code = await run(process.execPath, ['scripts/nanoc.js', ...command], { stdio: 'inherit' });
  if (code !== 0) console.error(red(`\nThe demo stops here: nanoc run ended with exit code ${code}.`));
  return code;
}

process.exitCode = await main();
