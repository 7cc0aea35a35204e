/** Child processes for the scripts. Only Node's own modules: these files run before `npm ci`. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Folder of package.json, with a closing slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

const colour = process.stdout.isTTY === true && !process.env.NO_COLOR;
const paint = (code) => (text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint('1');
export const dim = paint('2');
export const green = paint('32');
export const red = paint('31');

/**
 * Runs a command in the package's folder; what it prints is shown as it comes.
 * @returns its exit code; 127 when there is no such command, 128 + n when signal n ended it
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options });
    child.on('error', () => resolve(127));
    child.on('close', (code, signal) => resolve(code ?? 128 + (signal === 'SIGINT' ? 2 : 15)));
  });
}

/** Runs a TypeScript file of this package with Node. Needs the packages of `npm ci`. */
export function runTypeScript(path, args = [], options = {}) {
  return run(process.execPath, ['--import', 'tsx', path, ...args], options);
}
