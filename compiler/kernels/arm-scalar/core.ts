/** Armv7-M and Armv6-M: two pixels at a time, both in one word. */
import type { Core } from '../packed/stream.js';

export interface ArmCore extends Core {
  readonly name: 'v7m' | 'v6m';
  /** Words of wide inputs for each four inputs. */
  readonly groupWords: 4 | 5;
}
