/**
 * Cycles of one instruction on a core, without wait states and stalls; docs/CYCLES.md has the sources. An estimate: QEMU counts
 * instructions, and no core that nanoc knows takes one cycle for each.
 */
export interface CycleModel {
  /** A load or store of one register. */
  readonly load: number;
  readonly store: number;
  /** LDM, STM, PUSH, POP, VLDM: this and one for each register. */
  readonly multiple: number;
  /** A branch that is taken; of conditional ones in loops all are. */
  readonly branch: number;
  readonly call: number;
  readonly multiply: number;
  readonly longMultiply: number;
  readonly divide: number;
  /** VMOV of two registers, VMUL, VCVT and the like; VMLA; VDIV and VSQRT. */
  readonly float: number;
  readonly floatAccumulate: number;
  readonly floatDivide: number;
  /** An instruction of MVE: two beats a cycle. */
  readonly vector: number;
  /** Share of the cycles that is left where the core issues two instructions at a time. */
  readonly dualIssue: number;
  /** How wrong the estimate may be, as a fraction; from what the sources leave open. */
  readonly error: number;
}

const m4: CycleModel = {
  ...{ load: 1.5, store: 1, multiple: 1, branch: 3, call: 3, multiply: 1, longMultiply: 1, divide: 7 },
  ...{ float: 1, floatAccumulate: 3, floatDivide: 14, vector: 2, dualIssue: 1, error: 0.15 },
};

/** By target. */
export const cycleModels: Readonly<Record<string, CycleModel>> = {
  'cortex-m0': { ...m4, load: 2, store: 2, branch: 2, call: 3, error: 0.15 },
  'cortex-m3': { ...m4, multiply: 1, longMultiply: 4 },
  'cortex-m4': m4,
  'cortex-m33': { ...m4, branch: 2, error: 0.25 },
  'cortex-m7': { ...m4, load: 1, branch: 1, call: 2, dualIssue: 0.65, error: 0.35 },
  'cortex-m55': { ...m4, load: 1, branch: 1, call: 2, error: 0.3 },
};

/** Cycles of a line of `objdump -d`, mnemonic first. */
export function cyclesOf(instruction: string, model: CycleModel): number {
  const text = instruction
    .replaceAll('\t', ' ')
    .replace(/ *[;@].*/, '')
    .trim();
  const mnemonic = text.split(/[ .]/)[0]!;
  const registers = /\{([^}]*)\}/.exec(text)?.[1];
  if (/^(v?ldm|v?stm|v?push|v?pop)/.test(mnemonic)) return model.multiple + countRegisters(registers ?? '');
  if (/^(ldrd|vldr|ldr)/.test(mnemonic)) return mnemonic === 'ldrd' ? 1 + 2 : model.load;
  if (/^(strd|vstr|str)/.test(mnemonic)) return mnemonic.startsWith('strd') ? 1 + 2 : model.store;
  if (/^(bl|blx)$/.test(mnemonic)) return model.call;
  if (/^(le|dls|wls|dlstp|wlstp|letp|lctp)$/.test(mnemonic)) return 1;
  if (/^(b|bx|cbn?z)$/.test(mnemonic) || /^b(eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al)$/.test(mnemonic))
    return model.branch;
  if (/^[us]div/.test(mnemonic)) return model.divide;
  if (/^[us](mull|mlal)/.test(mnemonic)) return model.longMultiply;
  if (/^(mul|mla|mls|sm|um)/.test(mnemonic)) return model.multiply;
  if (/^v(div|sqrt)/.test(mnemonic)) return model.floatDivide;
  if (/^v/.test(mnemonic)) return floatCycles(text, mnemonic, model);
  return 1;
}

function floatCycles(text: string, mnemonic: string, model: CycleModel): number {
  if (/\bq\d/.test(text)) return model.vector;
  if (/^v(ml|nml|fm|fnm)/.test(mnemonic)) return model.floatAccumulate;
  // VMOV between two pairs of registers.
  return mnemonic === 'vmov' && text.split(',').length === 4 ? 2 : model.float;
}

/** `r4-r7, lr` are five. */
function countRegisters(list: string): number {
  return list.split(',').reduce((sum, part) => {
    const [first, last] = part.split('-').map((register) => Number(register.replace(/\D/g, '')));
    return sum + (last === undefined ? 1 : last - first! + 1);
  }, 0);
}
