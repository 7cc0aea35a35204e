import type { DataType } from '../../ir/tensor.js';

/** `nanoc_type` (nanoc/typed.h), for kernels whose element type is a parameter. */
export const C_TYPES: Partial<Record<DataType, number>> = {
  float32: 0,
  int8: 1,
  uint8: 2,
  int16: 3,
  uint16: 4,
  int32: 5,
  uint32: 6,
  int64: 7,
  bool: 8,
};
