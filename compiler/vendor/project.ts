/** What the emitted project says about a vendor's library: where it comes from, and how it is compiled. */
import { CMSIS_NN_REPOSITORY, commitOf } from './cmsis-nn.js';
import { ESP_NN, ESP_NN_COMMIT, ESP_NN_REPOSITORY } from './esp-nn-release.js';
import type { Library, LinkedLibrary } from './library.js';

export interface LibraryProject {
  /** `CMSIS-NN 7.0.0` */
  readonly title: string;
  /** CMake name of the fetched content. */
  readonly content: string;
  /** CMake and environment variable that names the user's copy. */
  readonly variable: string;
  readonly repository: string;
  readonly commit: string;
  /** Of the commit. */
  readonly version: string;
  readonly defines: string;
  /** Folder of C sources below the copy. */
  readonly sources: string;
  /** Folders of headers below the copy. */
  readonly includes: readonly string[];
  /** Folders of headers elsewhere, as CMake variables. */
  readonly otherIncludes: readonly string[];
  /** Regular expression of sources that are left out. */
  readonly leftOut: string;
}

export function libraryProject({ library }: LinkedLibrary): LibraryProject {
  switch (library.name) {
    case 'cmsis-nn':
      return cmsisNnProject(library);
    case 'esp-nn':
      return espNnProject(library);
  }
}

function cmsisNnProject({ version, defines, includeDirectories }: Library): LibraryProject {
  const release = commitOf(version);
  return {
    title: `CMSIS-NN ${version}`,
    content: 'cmsis_nn',
    variable: 'CMSIS_NN_PATH',
    repository: CMSIS_NN_REPOSITORY,
    commit: release.commit,
    version: release.version,
    defines: defines.join(' '),
    sources: 'Source',
    includes: includeDirectories.filter((path) => path === 'Include'),
    otherIncludes: includeDirectories.some((path) => path !== 'Include') ? ['CMSIS_CORE_PATH'] : [],
    leftOut: '_(f16|f32|flt)[.]c$',
  };
}

/** The generic kernels: cores for which the library has others are built by ESP-IDF. */
function espNnProject({ version, defines, includeDirectories }: Library): LibraryProject {
  return {
    title: `ESP-NN ${version}`,
    content: 'esp_nn',
    variable: 'ESP_NN_PATH',
    repository: ESP_NN_REPOSITORY,
    commit: ESP_NN_COMMIT,
    version: ESP_NN.version,
    defines: defines.join(' '),
    sources: 'src',
    includes: includeDirectories,
    otherIncludes: [],
    leftOut: '_(esp32s3|esp32p4)[.]c$',
  };
}
