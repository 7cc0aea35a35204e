/** Constant arrays of a model, in order of their use; equal contents are kept once. */
import type { Value } from '../../ir/graph.js';
import type { PackedConstant } from '../../ir/kernel-call.js';
import { bytesOf, type TensorData } from '../../ir/tensor.js';
import { fnv1a } from './fnv.js';
import { ctypeOf } from './literals.js';
import type { StemTable } from './names.js';

export interface EmittedConstant {
  readonly symbol: string;
  readonly ctype: string;
  readonly data: TensorData;
  readonly role: PackedConstant['role'];
  /** Bytes; more than the element size only where it is asked for. */
  alignment: number;
  /** Nodes or values that read it, in order. */
  readonly users: string[];
}

export class ConstantTable {
  readonly list: EmittedConstant[] = [];
  /** Constants of equal type, length and hash. */
  private readonly byHash = new Map<string, EmittedConstant[]>();
  private readonly symbols = new Set<string>();

  /**
   * @param prefix of every symbol, the model's name
   * @param weightAlignment what the target asks for weights, in bytes
   */
  constructor(
    private readonly prefix: string,
    private readonly nodes: StemTable,
    private readonly weightAlignment: number,
  ) {}

  /** Symbol of a constant that a call owns. */
  addPacked(constant: PackedConstant, node: string): string {
    return this.add(constant, `${this.nodes.stem(node)}_${constant.suffix}`, node);
  }

  /** Symbol of a value of the graph that is constant. */
  addValue(value: Value, stem: string): string {
    return this.add({ suffix: '', data: value.constant!.data, role: 'weights' }, stem, value.name);
  }

  /** Bytes of all constants of a role. */
  bytes(role: PackedConstant['role']): number {
    return this.list.filter((c) => c.role === role).reduce((sum, c) => sum + c.data.byteLength, 0);
  }

  private add(constant: PackedConstant, stem: string, user: string): string {
    const { data } = constant;
    const ctype = constant.ctype ?? ctypeOf(data);
    const least = constant.role === 'weights' ? this.weightAlignment : 1;
    const alignment = Math.max(data.BYTES_PER_ELEMENT, constant.alignment ?? least);
    const key = `${ctype} ${data.length} ${fnv1a(bytesOf(data))}`;
    const similar = this.byHash.get(key) ?? [];
    const known = similar.find((each) => sameBytes(bytesOf(each.data), bytesOf(data)));
    if (known !== undefined) {
      known.alignment = Math.max(known.alignment, alignment);
      if (!known.users.includes(user)) known.users.push(user);
      return known.symbol;
    }
    const symbol = this.freshSymbol(stem);
    const added: EmittedConstant = { symbol, ctype, data, role: constant.role, alignment, users: [user] };
    this.byHash.set(key, [...similar, added]);
    this.list.push(added);
    return symbol;
  }

  private freshSymbol(stem: string): string {
    let symbol = `${this.prefix}_${stem}`;
    for (let index = 2; this.symbols.has(symbol); index += 1) symbol = `${this.prefix}_${stem}_${index}`;
    this.symbols.add(symbol);
    return symbol;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
