/** The C files of one model, without the kernels. */
import { audioRuntime } from '../../audio/runtime.js';
import type { Compilation, EmittedFile } from '../../compilation.js';
import { textRuntime } from '../../text/runtime.js';
import { audioFiles } from './audio.js';
import type { EmitContext } from './context.js';
import { imageFiles } from './image.js';
import { headerView, type ModelParts, sourceView } from './model-view.js';
import type { Needed } from './runtime-files.js';
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
    ...audioFiles(context),
    ...(compilation.image === undefined ? [] : imageFiles(name, compilation.image, host)),
  ];
}

/** What text and sound need of the runtime, besides what the kernels do. */
export function runtimeOf({ text, audio }: Compilation): readonly Needed[] {
  return [...(text === undefined ? [] : textRuntime), ...(audio === undefined ? [] : audioRuntime(audio))];
}
