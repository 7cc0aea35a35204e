/** An ESP-IDF project round a component with the model: what `idf.py build` takes as it is. */
import type { EmittedFile } from '../../compilation.js';
import { valueOf } from '../../ir/graph.js';
import type { EspIdf } from '../../ir/target.js';
import { byteLength } from '../../ir/tensor.js';
import { linkedLibraries } from '../../vendor/linked.js';
import { commandText } from './command.js';
import { type EmitContext, locate } from './context.js';
import { mainView } from './firmware.js';
import { commentText, wrapComment } from './literals.js';
import { type ModelParts, selftestView } from './model-view.js';
import { type CallHash, callHashes } from './selftest.js';
import { render } from './templates.js';

/** The component manager's range for ESP-IDF. */
const IDF_RANGE = '>=5.1';

/** Room for the program beside the model's constants, in bytes. */
const PROGRAM_BYTES = 1 << 20;
const PARTITIONS_BYTES = 0x10000;

/** Of the main task, for printing and for kernels whose stack is bounded. */
const MAIN_STACK = 8192;

/**
 * Files of the project.
 * @param library the C of the model and its kernels, with paths relative to the component
 */
export function espIdfFiles(
  context: EmitContext,
  parts: ModelParts,
  library: readonly EmittedFile[],
  espIdf: EspIdf,
): EmittedFile[] {
  const component = `components/${componentName(context.name)}`;
  const view = projectView(context, parts, library, espIdf);
  const file = (path: string, template: string): EmittedFile => ({
    path,
    content: render(context.host, `esp-idf/${template}`, view),
  });
  return [
    ...library.map(({ path, content }) => ({ path: `${component}/${path}`, content })),
    file(`${component}/CMakeLists.txt`, 'component.cmake'),
    file(`${component}/idf_component.yml`, 'idf_component.yml'),
    file(`${component}/Kconfig`, 'Kconfig'),
    file(`${component}/linker.lf`, 'linker.lf'),
    file('CMakeLists.txt', 'project.cmake'),
    file('sdkconfig.defaults', 'sdkconfig.defaults'),
    file('partitions.csv', 'partitions.csv'),
    file('main/CMakeLists.txt', 'main.cmake'),
    file('main/main.c', 'main.c'),
    file('main/calls_test.h', 'calls_test.h'),
    file('main/calls_test.c', 'calls_test.c'),
    file('README.md', 'README.md'),
  ];
}

function projectView(
  context: EmitContext,
  parts: ModelParts,
  library: readonly EmittedFile[],
  { flashMegabytes, psram, sdkconfig }: EspIdf,
): object {
  const { name, compilation, host } = context;
  const { target, source } = compilation;
  const constantBytes = parts.sizes.flash.reduce((sum, { bytes }) => sum + bytes, 0);
  const flash = flashSize(constantBytes, flashMegabytes);
  const selftest = selftestView(name, parts);
  const main = mainView(context, parts);
  return {
    ...main,
    component: componentName(name),
    outputs: main.outputs.map((port) => ({ ...port, comment: useComment(port.label, port.single) })),
    version: host.version,
    chip: target.name,
    prefix: `NANOC_${context.macro}`,
    idfRange: IDF_RANGE,
    command: commandText(compilation),
    fileName: commentText(source.fileName),
    constantBytes,
    sources: library.map(({ path }) => path).filter((path) => /\.[cS]$/.test(path)),
    optimization: target.optimization.join(' '),
    psram: psram !== undefined,
    rodataOption: psram?.rodataOption ?? false,
    sdkconfig,
    stackBytes: stackBytes(context),
    flash,
    appBytes: `0x${((flash << 20) - PARTITIONS_BYTES).toString(16)}`,
    dependencies: linkedLibraries(compilation).flatMap(({ library }) =>
      library.name === 'esp-nn' ? [{ name: 'espressif/esp-nn', version: `==${library.version}` }] : [],
    ),
    selftest: { ...selftest, inputs: selftest.inputs.map((text) => text.replace(/^ {2}/gm, '')) },
    hasState: compilation.plan.stateBytes > 0,
    checks: callHashes(compilation, parts.selftest).map((check) => checkLine(context, check)),
  };
}

function useComment(label: string, single: boolean): string {
  const what = single ? '' : ': the index of its largest element is printed';
  return wrapComment(`What becomes of output "${label}"${what}.`, '');
}

/** ESP-NN keeps up to four words for each channel on the stack, in arrays of variable length. */
function stackBytes({ compilation }: EmitContext): number {
  const { plan } = compilation;
  const calls = plan.calls.filter(({ vendor }) => vendor?.library === 'esp-nn');
  const channels = calls.map(({ node }) => compilation.program.graph.values.get(node.outputs[0]!)!.shape.at(-1)!);
  return MAIN_STACK + Math.ceil((16 * Math.max(0, ...channels)) / 1024) * 1024;
}

/** Components of ESP-IDF, and the project's own, whose place a model of that name would take. */
const FOREIGN = new Set(
  'main app_trace app_update bootloader bt cmock console cxx driver efuse esptool_py fatfs freertos hal heap http_parser idf_test ieee802154 json linux log lwip mbedtls mqtt newlib nvs_flash openthread partition_table perfmon protobuf pthread protocomm riscv rt sdmmc soc spi_flash spiffs tcp_transport touch_element ulp unity usb vfs wear_levelling wifi_provisioning wpa_supplicant xtensa'.split(
    ' ',
  ),
);

/** Of the model's name; `<name>_model` where ESP-IDF has a component of that name, or may have. */
function componentName(name: string): string {
  return FOREIGN.has(name) || /^(esp|idf)_/.test(name) ? `${name}_model` : name;
}

/** Flash in MB for constants and program: 4, which all modules have, or the next size. */
function flashSize(constantBytes: number, largest: number): number {
  const sizes = [4, 8, 16].filter((megabytes) => megabytes <= largest);
  const fits = (megabytes: number) => constantBytes + PROGRAM_BYTES <= (megabytes << 20) - PARTITIONS_BYTES;
  return sizes.find(fits) ?? largest;
}

/** An initialiser of the table of calls_test.c. */
function checkLine(context: EmitContext, { step, value, hash }: CallHash): string {
  const call = context.compilation.plan.calls[step]!;
  const { region, offset } = locate(context, value);
  const bytes = byteLength(valueOf(context.graph, value));
  const what = `${step + 1} ${call.function}: ${call.node.name}`.replace(/[^\x20-\x7e]|\?/g, '_');
  const numbers = [step, region === 'state' ? 1 : 0, offset, bytes].map((n) => `${n}u`).join(', ');
  return `{${numbers}, 0x${hash.toString(16).padStart(8, '0')}u, ${JSON.stringify(what)}},`;
}
