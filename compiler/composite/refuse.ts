import { fail } from '../diagnostics/diagnostic.js';

/** @throws CompileError NC0761 */
export function refuse(because: string, help?: string): never {
  return fail({
    code: 'NC0761',
    message: 'the models cannot be put together',
    because,
    ...(help === undefined ? {} : { help }),
  });
}
