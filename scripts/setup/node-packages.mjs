/** `npm ci` when node_modules is missing or is not what package-lock.json says. Only Node's own modules. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from '../support/run.mjs';

/**
 * Why the packages have to be installed, or undefined when they are as package-lock.json says.
 * npm keeps what it installed in node_modules/.package-lock.json; a package for another system is absent there.
 */
export function staleReason(folder = root) {
  const installedPath = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) return 'node_modules is missing';
  const wanted = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
  for (const [path, { version, optional }] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    if (found === undefined && optional !== true) return `${path} is missing`;
    if (found !== undefined && found.version !== version) return `${path} is ${found.version}, not ${version}`;
  }
  return undefined;
}

/** @returns true when the packages are in place */
export async function installNodePackages() {
  const reason = staleReason();
  if (reason === undefined) return true;
  console.log(`Node packages: ${reason}; running npm ci`);
  const npm = process.env.npm_execpath;
  const code = npm?.endsWith('.js') ? await run(process.execPath, [npm, 'ci']) : await run('npm', ['ci']);
  if (code !== 0) console.error(`npm ci ended with exit code ${code}; what it said is above`);
  return code === 0;
}
