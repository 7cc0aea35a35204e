/** The only list of operators. A new operator is its file and a line here. */

import type { Node } from '../ir/graph.js';
import abs from './Abs.js';
import add from './Add.js';
import and from './And.js';
import argMax from './ArgMax.js';
import argMin from './ArgMin.js';
import attention from './Attention.js';
import averagePool from './AveragePool.js';
import batchNormalization from './BatchNormalization.js';
import cachedAttention from './CachedAttention.js';
import cacheShift from './CacheShift.js';
import cacheUpdate from './CacheUpdate.js';
import cast from './Cast.js';
import ceil from './Ceil.js';
import celu from './Celu.js';
import clip from './Clip.js';
import concat from './Concat.js';
import constant from './Constant.js';
import constantOfShape from './ConstantOfShape.js';
import conv from './Conv.js';
import convInteger from './ConvInteger.js';
import convIntegerToFloat from './ConvIntegerToFloat.js';
import convTranspose from './ConvTranspose.js';
import cos from './Cos.js';
import depthToSpace from './DepthToSpace.js';
import dequantizeLinear from './DequantizeLinear.js';
import div from './Div.js';
import dropout from './Dropout.js';
import dynamicQuantizeLinear from './DynamicQuantizeLinear.js';
import type { OperatorDefinition, QuantizedBehaviour } from './define.js';
import elementwise from './Elementwise.js';
import elu from './Elu.js';
import equal from './Equal.js';
import erf from './Erf.js';
import exp from './Exp.js';
import expand from './Expand.js';
import fastGelu from './FastGelu.js';
import flatten from './Flatten.js';
import floor from './Floor.js';
import gather from './Gather.js';
import gatherBlockQuantized from './GatherBlockQuantized.js';
import gatherElements from './GatherElements.js';
import gatherNd from './GatherND.js';
import gelu from './Gelu.js';
import gemm from './Gemm.js';
import globalAveragePool from './GlobalAveragePool.js';
import globalMaxPool from './GlobalMaxPool.js';
import gru from './GRU.js';
import greater from './Greater.js';
import greaterOrEqual from './GreaterOrEqual.js';
import groupNormalization from './GroupNormalization.js';
import groupQueryAttention from './GroupQueryAttention.js';
import hardSigmoid from './HardSigmoid.js';
import hardSwish from './HardSwish.js';
import identity from './Identity.js';
import ifOperator from './If.js';
import instanceNormalization from './InstanceNormalization.js';
import layerNormalization from './LayerNormalization.js';
import leakyRelu from './LeakyRelu.js';
import less from './Less.js';
import lessOrEqual from './LessOrEqual.js';
import log from './Log.js';
import logSoftmax from './LogSoftmax.js';
import lstm from './LSTM.js';
import matMul from './MatMul.js';
import matMulInteger from './MatMulInteger.js';
import matMulIntegerToFloat from './MatMulIntegerToFloat.js';
import matMulNBits from './MatMulNBits.js';
import max from './Max.js';
import maxPool from './MaxPool.js';
import merge from './Merge.js';
import microsoftDequantizeLinear from './MicrosoftDequantizeLinear.js';
import microsoftGelu from './MicrosoftGelu.js';
import microsoftQuantizeLinear from './MicrosoftQuantizeLinear.js';
import microsoftRotaryEmbedding from './MicrosoftRotaryEmbedding.js';
import min from './Min.js';
import mish from './Mish.js';
import mod from './Mod.js';
import moE from './MoE.js';
import mul from './Mul.js';
import neg from './Neg.js';
import not from './Not.js';
import onnxRotaryEmbedding from './OnnxRotaryEmbedding.js';
import or from './Or.js';
import packCacheRows from './PackCacheRows.js';
import pad from './Pad.js';
import pow from './Pow.js';
import pRelu from './PRelu.js';
import qGemm from './QGemm.js';
import qlinearAdd from './QLinearAdd.js';
import qLinearAveragePool from './QLinearAveragePool.js';
import qLinearConcat from './QLinearConcat.js';
import qLinearConv from './QLinearConv.js';
import qLinearGlobalAveragePool from './QLinearGlobalAveragePool.js';
import qlinearLeakyRelu from './QLinearLeakyRelu.js';
import qLinearMatMul from './QLinearMatMul.js';
import qlinearMul from './QLinearMul.js';
import qlinearSigmoid from './QLinearSigmoid.js';
import qlinearSoftmax from './QLinearSoftmax.js';
import qMoE from './QMoE.js';
import quantizeLinear from './QuantizeLinear.js';
import range from './Range.js';
import reciprocal from './Reciprocal.js';
import recurrent from './Recurrent.js';
import reduceMax from './ReduceMax.js';
import reduceMean from './ReduceMean.js';
import reduceMin from './ReduceMin.js';
import reduceSum from './ReduceSum.js';
import relu from './Relu.js';
import requantize from './Requantize.js';
import reshape from './Reshape.js';
import resize from './Resize.js';
import rmsNormalization from './RMSNormalization.js';
import rnn from './RNN.js';
import rotaryEmbedding from './RotaryEmbedding.js';
import round from './Round.js';
import scatterElements from './ScatterElements.js';
import scatterND from './ScatterND.js';
import selu from './Selu.js';
import shape from './Shape.js';
import sigmoid from './Sigmoid.js';
import sign from './Sign.js';
import signShift from './SignShift.js';
import simplifiedLayerNormalization from './SimplifiedLayerNormalization.js';
import sin from './Sin.js';
import size from './Size.js';
import skipLayerNormalization from './SkipLayerNormalization.js';
import skipSimplifiedLayerNormalization from './SkipSimplifiedLayerNormalization.js';
import slice from './Slice.js';
import softmax from './Softmax.js';
import softplus from './Softplus.js';
import softsign from './Softsign.js';
import spaceToDepth from './SpaceToDepth.js';
import split from './Split.js';
import sqrt from './Sqrt.js';
import squeeze from './Squeeze.js';
import sub from './Sub.js';
import table from './Table.js';
import tanh from './Tanh.js';
import tensorScatter from './TensorScatter.js';
import thresholdedRelu from './ThresholdedRelu.js';
import tile from './Tile.js';
import transpose from './Transpose.js';
import unsqueeze from './Unsqueeze.js';
import where from './Where.js';
import xor from './Xor.js';

export const operators: readonly OperatorDefinition[] = [
  abs,
  add,
  and,
  argMax,
  argMin,
  attention,
  averagePool,
  batchNormalization,
  cachedAttention,
  cacheShift,
  cacheUpdate,
  cast,
  ceil,
  celu,
  clip,
  concat,
  constant,
  constantOfShape,
  conv,
  convInteger,
  convIntegerToFloat,
  convTranspose,
  cos,
  depthToSpace,
  dequantizeLinear,
  div,
  dropout,
  dynamicQuantizeLinear,
  elementwise,
  elu,
  equal,
  erf,
  exp,
  expand,
  fastGelu,
  flatten,
  floor,
  gather,
  gatherElements,
  gatherNd,
  gatherBlockQuantized,
  gelu,
  gemm,
  globalAveragePool,
  globalMaxPool,
  greater,
  greaterOrEqual,
  groupNormalization,
  groupQueryAttention,
  gru,
  hardSigmoid,
  hardSwish,
  identity,
  ifOperator,
  instanceNormalization,
  layerNormalization,
  leakyRelu,
  less,
  lessOrEqual,
  log,
  logSoftmax,
  lstm,
  matMul,
  matMulInteger,
  matMulIntegerToFloat,
  matMulNBits,
  max,
  maxPool,
  merge,
  microsoftDequantizeLinear,
  microsoftGelu,
  microsoftQuantizeLinear,
  microsoftRotaryEmbedding,
  min,
  mish,
  moE,
  mod,
  mul,
  neg,
  not,
  onnxRotaryEmbedding,
  or,
  packCacheRows,
  pad,
  pow,
  pRelu,
  qGemm,
  qlinearAdd,
  qLinearAveragePool,
  qLinearConcat,
  qLinearConv,
  qLinearGlobalAveragePool,
  qlinearLeakyRelu,
  qLinearMatMul,
  qlinearMul,
  qlinearSigmoid,
  qlinearSoftmax,
  qMoE,
  quantizeLinear,
  range,
  reciprocal,
  recurrent,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceSum,
  relu,
  requantize,
  reshape,
  resize,
  rmsNormalization,
  rnn,
  rotaryEmbedding,
  round,
  scatterElements,
  scatterND,
  selu,
  shape,
  sigmoid,
  sign,
  signShift,
  simplifiedLayerNormalization,
  sin,
  size,
  skipLayerNormalization,
  skipSimplifiedLayerNormalization,
  slice,
  softmax,
  softplus,
  softsign,
  spaceToDepth,
  split,
  sqrt,
  squeeze,
  sub,
  table,
  tanh,
  thresholdedRelu,
  tensorScatter,
  tile,
  transpose,
  unsqueeze,
  where,
  xor,
];

const byName = new Map(operators.map((operator) => [`${operator.domain}:${operator.name}`, operator]));

/** The description of an operator, or undefined when nanoc does not know it. `ai.onnx` is ''. */
export function findOperator(domain: string, name: string): OperatorDefinition | undefined {
  return byName.get(`${domain === 'ai.onnx' ? '' : domain}:${name}`);
}

/** How a node behaves between DequantizeLinear and QuantizeLinear; undefined when nanoc does not know its operator. */
export function behaviourOf(node: Node): QuantizedBehaviour | undefined {
  const operator = findOperator(node.domain, node.op);
  return operator?.behaviour?.(node) ?? operator?.quantized;
}

/** Whether quantized values of 16 bits may pass through a node, as bytes do. */
export function takesHalfwords(node: Node): boolean {
  const operator = findOperator(node.domain, node.op);
  if (operator === undefined) return false;
  if (behaviourOf(node) === 'moves-data') return operator.bytesOnly !== true;
  return (operator.kernels ?? []).some(({ takes }) => takes === 'int16');
}

/** The description of a canonical node; a missing one is a defect. */
export function operatorOf(node: {
  readonly domain: string;
  readonly op: string;
  readonly name: string;
}): OperatorDefinition {
  const found = findOperator(node.domain, node.op);
  if (found === undefined) throw new Error(`invariant: no operator ${node.domain}:${node.op} (node "${node.name}")`);
  return found;
}
