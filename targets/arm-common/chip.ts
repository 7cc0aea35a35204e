import type { LabwiredChip, Memory, Target } from '../../compiler/ir/target.js';
import { SEMIHOSTING } from './cortex-m.js';

const RENODE_SUPPORT = ['targets/renode-common/simulated.h', SEMIHOSTING];

export interface Chip {
  readonly name: string;
  readonly description: string;
  /** The target whose code it runs. */
  readonly core: Target;
  readonly memories: readonly Memory[];
  /** As labwired calls it. */
  readonly labwired: string;
  /** Renode's description of it, where Renode has one. */
  readonly renode?: string;
}

/** A chip with a Cortex-M: its own memories, and the code of its core, whose QEMU machine counts the instructions. */
export function chip({ name, description, core, memories, labwired, renode }: Chip): Target {
  return {
    ...core,
    name,
    description,
    core: core.name,
    memories,
    qemu: { ...core.qemu!, linkerScript: core.linkerScript! },
    labwired: { chip: labwired, support: ['targets/labwired-common/simulated.h'], ...limits(core) },
    ...(renode === undefined ? {} : { renode: { platform: renode, support: RENODE_SUPPORT } }),
    linkerScript: `targets/${name}/linker.ld`,
  };
}

/**
 * labwired 0.25 gives wrong results for instructions of the DSP extension and the FPU, and faults at SSAT (docs/SIMULATORS.md); Armv6-M
 * is right, and every Cortex-M executes it.
 */
function limits({ features }: Target): Pick<LabwiredChip, 'executes'> {
  if (features.includes('armv6m')) return {};
  const machineFlags = ['-mcpu=cortex-m0', '-mthumb'];
  return { executes: { description: 'Armv6-M code', features: ['armv6m'], machineFlags } };
}
