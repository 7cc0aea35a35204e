/**
 * `npm run demo`: a real quantized model becomes C, is cross-compiled for a Cortex-M4, runs in QEMU and is compared with
 * ONNX Runtime, byte for byte. Sets up what is missing first. Everything it does is a command that the reader can type.
 */
import { setUp } from './setup.mjs';
import { bold, dim, red, run, runTypeScript } from './support/run.mjs';

const folder = 'examples/digits';
const model = `${folder}/digits.onnx`;
const target = 'cortex-m4';

const steps = [
  {
    title: 'What the model is',
    command: ['inspect', model],
  },
  {
    title: 'From ONNX to C and firmware: every byte of memory is known before the chip sees it',
    command: ['build', model, '--target', target, '--output', 'build/digits/cortex-m4'],
  },
  {
    title: 'Proof: every layer in QEMU against the reference, the reference against ONNX Runtime',
    command: ['verify', model, '--target', target],
  },
];

async function main() {
  console.log(bold('nanoc demo: handwritten digits on a Cortex-M4'));
  console.log(dim('Checks what is installed first, and installs what is missing.'));
  const missing = await setUp('demo');
  if (missing !== 0) return missing;
  for (const { title, command } of steps) {
    console.log(`\n${bold(title)}\n${dim(`$ npx nanoc ${command.join(' ')}`)}\n`);
    const code = await run(process.execPath, ['scripts/nanoc.js', ...command], { stdio: 'inherit' });
    if (code !== 0) {
      console.error(red(`\nThe demo stops here: nanoc ${command[0]} ended with exit code ${code}.`));
      return code;
    }
  }
  console.log(`\n${bold('All test images through the simulated chip')}\n`);
  const code = await runTypeScript('scripts/demo/accuracy.ts', [folder, target], { stdio: 'inherit' });
  if (code === 0) console.log(closing());
  return code;
}

function closing() {
  const next = (command, text) => `  ${command.padEnd(58)}${dim(text)}`;
  return [
    `\n${bold('Your own model next')}`,
    next(`npx nanoc build your-model.onnx --target ${target}`, 'C, arena plan, firmware'),
    next(`npx nanoc verify your-model.onnx --target ${target}`, 'the proof'),
    next('npx nanoc ops', 'what is supported'),
    `\nThe generated C is in build/digits/cortex-m4; begin with digits.h. How it works: docs/ARCHITECTURE.md`,
  ].join('\n');
}

process.exitCode = await main();
