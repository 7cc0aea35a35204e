import type { Value } from './graph.js';
import type { KernelCall } from './kernel-call.js';
import { byteLength } from './tensor.js';

/** Copies the bytes of `from` to the equally large `to`. */
export function copyCall(from: Value, to: Value, nodeName: string): KernelCall {
  const bytes = byteLength(to);
  return {
    node: { name: nodeName, op: 'Copy', domain: 'ai.nanoc', inputs: [from.name], outputs: [to.name], attributes: {} },
    family: 'portable',
    function: 'nanoc_copy',
    header: 'nanoc/copy.h',
    sources: ['portable/nanoc_copy.c'],
    arguments: [
      { kind: 'value', value: from.name, access: 'read' },
      { kind: 'value', value: to.name, access: 'write' },
      { kind: 'int', value: bytes, comment: 'bytes' },
    ],
    // The kernel copies right however the two lie.
    overlaps: [{ input: from.name, output: to.name, lead: -bytes }],
    macs: 0,
  };
}
