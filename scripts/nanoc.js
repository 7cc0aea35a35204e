#!/usr/bin/env node
// The command `nanoc`: from source in a checkout (through tsx), from dist/ in the installed package.
import { existsSync } from 'node:fs';

const source = new URL('../compiler/cli.ts', import.meta.url);
if (existsSync(source)) {
  const { register } = await import('tsx/esm/api');
  register();
  await import(source.href);
} else {
  await import(new URL('../dist/compiler/cli.js', import.meta.url).href);
}
