/**
 * The C that users get, all files of it: no warning from GCC, Clang and the Arm GCC, nothing from cppcheck. The examples always;
 * models of NANOC_MODELS or ../shared/models where they are, all of them with NANOC_FULL=1.
 */
import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, it } from 'vitest';
import { readModelFile } from '../../compiler/cli/model-file.js';
import { compile, emitFiles } from '../../compiler/index.js';
import { loadTarget } from '../../compiler/targets.js';
import { packageRoot } from '../../compiler/toolchain/package-root.js';

const shared = process.env.NANOC_MODELS ?? join(packageRoot(), '../shared/models');
const full = process.env.NANOC_FULL !== undefined;
const examples = ['digits', 'motion', 'sine'].map((name) => join(packageRoot(), `examples/${name}/${name}.onnx`));
const real = [
  'mlperf-tiny/kws_dscnn_int8',
  ...(full
    ? [
        ...['mlperf-tiny/ic_resnet8_int8', 'mlperf-tiny/ad01_int8', 'mlperf-tiny/sww_int8', 'streaming/alexa'],
        ...['forms/ic_resnet8_u8s8_qdq_pc', 'forms/ic_resnet8_u8u8_qop_pt', 'forms/kws_dscnn_s8s8_qop_pc'],
        'forms/kws_dscnn_fp32',
      ]
    : []),
].map((name) => join(shared, `${name}.onnx`));

const WARNINGS = ['-std=c99', '-O2', '-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wpedantic', '-Werror'];
/** Bytes of C. */
const LARGEST_FOR_CPPCHECK = 600_000;

const CPPCHECK = [
  '--std=c99',
  '--enable=warning,performance,portability',
  '--error-exitcode=1',
  '--inline-suppr',
  '-q',
];

async function checkFiles(model: string, targetName: string): Promise<void> {
  const target = await loadTarget(targetName);
  const folder = await mkdtemp(join(tmpdir(), 'nanoc-emitted-'));
  try {
    const files = await emitFiles(await compile(readModelFile(model), { target: targetName }));
    for (const { path, content } of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    // Startup code is the target's, and asks for its own compiler.
    const sources = files.map(({ path }) => path).filter((path) => path.endsWith('.c') && path !== 'startup.c');
    const includes = ['-I.', '-Iruntime/include'];
    const compilers = targetName === 'host' ? ['gcc', 'clang'] : [target.toolchain.compiler];
    for (const compiler of compilers) {
      await execa(compiler, [...WARNINGS, ...target.toolchain.machineFlags, ...includes, '-c', ...sources], {
        cwd: folder,
      });
    }
    // Of a long table of numbers cppcheck makes hours of work; the compilers read it all the same.
    const checked = sources.filter((source) => statSync(join(folder, source)).size < LARGEST_FOR_CPPCHECK);
    if (targetName === 'host') await execa('cppcheck', [...CPPCHECK, ...includes, ...checked], { cwd: folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('emitted C', () => {
  for (const model of [...examples, ...real]) {
    for (const target of full ? ['host', 'cortex-m0', 'cortex-m3', 'cortex-m4', 'cortex-m55'] : ['host', 'cortex-m4']) {
      it.skipIf(!existsSync(model))(`${basename(model)} for ${target}`, { timeout: 1_200_000 }, () =>
        checkFiles(model, target),
      );
    }
  }
});
