/** The C files of one model, without the kernels. */
import type { EmittedFile } from '../../compilation.js';
import type { EmitContext } from './context.js';
import { imageFiles } from './image.js';
import { headerView, type ModelParts, sourceView } from './model-view.js';
import { render } from './templates.js';
import { textFiles } from './text.js';
import { weightsView } from './weights-view.js';

export function modelFiles(context: EmitContext, parts: ModelParts): EmittedFile[] {
  const { host, name, compilation } = context;
  const weights = weightsView(context);
  return [
    { path: `${name}.h`, content: render(host, 'model.h', headerView(context, parts)) },
    { path: `${name}.c`, content: render(host, 'model.c', sourceView(context, parts)) },
    { path: `${name}_weights.h`, content: render(host, 'weights.h', weights) },
    { path: `${name}_weights.c`, content: render(host, 'weights.c', weights) },
    ...textFiles(context),
    ...(compilation.image === undefined ? [] : imageFiles(name, compilation.image, host)),
  ];
}
