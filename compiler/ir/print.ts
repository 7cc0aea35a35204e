import type { AttributeValue, Graph, Quantization, Value } from './graph.js';

/** The graph as text, one node a line: `%y int8[1,8] *0.02+3 = Conv(%x, %w) {strides: 1,1}  // "name"`. */
export function printGraph(graph: Graph): string {
  const describe = (name: string): string => {
    const value = graph.values.get(name);
    return value === undefined ? `%${name}` : `%${name} ${typeOf(value)}`;
  };
  const reference = (name: string): string => {
    if (name === '') return '_';
    const value = graph.values.get(name);
    return value?.constant === undefined ? `%${name}` : `const ${typeOf(value)}`;
  };
  return [
    `graph ${graph.name} (${graph.inputs.map(describe).join(', ')}) {`,
    ...graph.nodes.map((node) => {
      const attributes = Object.entries(node.attributes).map(([key, value]) => `${key}: ${attributeText(value)}`);
      const domain = node.domain === '' ? '' : `${node.domain}.`;
      const braces = attributes.length === 0 ? '' : ` {${attributes.join('; ')}}`;
      const inputs = node.inputs.map(reference).join(', ');
      return `  ${node.outputs.map(describe).join(', ')} = ${domain}${node.op}(${inputs})${braces}  // "${node.name}"`;
    }),
    ...graph.states.map((state) => {
      const when = (state.when ?? []).map(({ selector, equals }) => `%${selector} = ${equals}`).join(', ');
      return `  state %${state.output} -> %${state.input}, reset to ${state.initial}${when === '' ? '' : `, when ${when}`}`;
    }),
    `  return ${graph.outputs.map((name) => `%${name}`).join(', ')}`,
    '}',
    '',
  ].join('\n');
}

function typeOf(value: Value): string {
  return `${value.dtype}[${value.shape.join(',')}]${quantizationText(value.quantization)}`;
}

function quantizationText(quantization: Quantization | undefined): string {
  if (quantization === undefined) return '';
  if (quantization.scale.length > 1) return ` *[${quantization.scale.length} on axis ${quantization.axis}]`;
  return ` *${quantization.scale[0]}+${quantization.zeroPoint[0]}`;
}

function attributeText(value: AttributeValue): string {
  if (typeof value === 'object' && 'data' in value) return `${value.dtype}[${value.shape}]`;
  return String(value);
}
