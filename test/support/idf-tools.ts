/** Espressif's programs that check manifests and Kconfig files. */
import { execa } from 'execa';
import { pythonPackages } from './python-packages.js';

/** Folder for PYTHONPATH; undefined, with a word on the console, where PyPI cannot be reached and CI is not set. */
export function idfTools(): Promise<string | undefined> {
  return pythonPackages(['idf-component-manager==3.1.2', 'esp-idf-kconfig==3.14.0']);
}

/** Runs a module of the tools. @throws when it fails */
export function runIdfTool(folder: string, module: string, args: readonly string[], cwd: string) {
  return execa('python3', ['-m', module, ...args], { cwd, all: true, env: { PYTHONPATH: folder } });
}
