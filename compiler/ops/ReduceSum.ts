import { reduceOperator } from './shared/reduce.js';

export default reduceOperator('Sum');
