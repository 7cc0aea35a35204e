/** What the emitted project says about a vendor's library: where it comes from, and how it is compiled. */
import { CMSIS_NN_REPOSITORY, commitOf } from './cmsis-nn.js';
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
      throw new Error('invariant: no CMake project of ESP-NN');
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
    includes: includeDirectories.filter((path) => path === 'Include'),
    otherIncludes: includeDirectories.some((path) => path !== 'Include') ? ['CMSIS_CORE_PATH'] : [],
    leftOut: '_(f16|f32|flt)[.]c$',
  };
}
