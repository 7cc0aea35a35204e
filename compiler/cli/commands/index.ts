/** The only list of commands, in the order of `nanoc --help`. A new command is its file and a line here. */
import type { CommandDefinition } from '../command.js';
import { build } from './build.js';
import { doctor } from './doctor.js';
import { explain } from './explain.js';
import { init } from './init.js';
import { inspect } from './inspect.js';
import { ops } from './ops.js';
import { plan } from './plan.js';
import { print } from './print.js';
import { profile, run } from './run.js';
import { targets } from './targets.js';
import { tune } from './tune.js';
import { verify } from './verify.js';

export const commands: readonly CommandDefinition[] = [
  build,
  run,
  verify,
  inspect,
  plan,
  profile,
  tune,
  print,
  ops,
  targets,
  doctor,
  explain,
  init,
];
