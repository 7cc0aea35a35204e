import { argOperator } from './shared/arg-max.js';

export default argOperator('Max');
