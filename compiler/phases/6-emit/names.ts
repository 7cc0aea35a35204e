/** From ONNX names to C identifiers: readable, unique, never a keyword. */

/** Words that C99, C11 or C++ keep for themselves, and names that the generated code uses. */
const RESERVED = new Set(
  `alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const constexpr continue decltype
  default delete do double dynamic_cast else enum explicit export extern false final float for friend goto if import inline int
  long module mutable namespace new noexcept not not_eq null nullptr operator or or_eq override private protected public register
  reinterpret_cast requires restrict return short signed sizeof static static_assert static_cast struct switch template this
  thread_local throw true try typedef typeid typename typeof union unsigned using virtual void volatile wchar_t while xor xor_eq
  int8_t uint8_t int16_t uint16_t int32_t uint32_t int64_t uint64_t size_t`.split(/\s+/),
);

/**
 * Model names that would be in the way: `<name>.c` beside main.c and startup.c, `<name>.h` before a standard header, `nanoc_` of the
 * kernels, and prefixes that C keeps for its library.
 */
const RESERVED_MODELS = new Set(
  `main startup nanoc runtime linker toolchain assert complex ctype errno fenv inttypes iso646 limits locale math setjmp signal
  stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings tgmath threads time uchar unistd wchar
  wctype mem str is to`.split(/\s+/),
);

/** Longest stem of a symbol: lines stay below 100 columns. */
const MAX_STEM = 32;

/** Lower-case identifier characters of a name, without leading, trailing or double underscores; may be empty or start with a digit. */
function sanitise(text: string): string {
  return text
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase();
}

/** The C identifier of a model, prefix of all its symbols and stem of its file names: `MobileNet v2` -> `mobilenet_v2`. */
export function cIdentifier(name: string): string {
  const text = sanitise(name);
  if (text === '') return 'model';
  if (/^[0-9]/.test(text)) return `model_${text}`;
  return RESERVED.has(text) || RESERVED_MODELS.has(text) || text.startsWith('nanoc_') ? `${text}_model` : text;
}

/** Suffixes that passes of the compiler add: they say nothing to the reader of the model. */
const PASS_SUFFIXES = /(?:_prequant|__int8|__int16)+$/;

/**
 * What a stem is made of. Converters join the names of fused nodes with semicolons: the first one stands for all. `folder` is the
 * path segment with which all names of a model begin.
 */
function essential(name: string, folder: string): string {
  const first = name.split(';')[0]!;
  // What the compiler added to the whole name belongs to the first one, too.
  const added = /(?:__[a-z0-9]+|#scratch)*$/.exec(name)![0];
  const own = first.endsWith(added) ? first : `${first}${added}`;
  const text = own.startsWith(folder) && own.length > folder.length ? own.slice(folder.length) : own;
  return text.replace(PASS_SUFFIXES, '').replace('_prequant#', '#');
}

/** The first path segment of all names that have one, with its slash, or '' where they differ: `functional_1/`. */
export function commonFolder(names: Iterable<string>): string {
  const folders = new Set<string>();
  for (const name of names) {
    const end = name.indexOf('/', 1);
    if (end > 0) folders.add(name.slice(0, end + 1));
  }
  const [only] = folders;
  return folders.size === 1 ? only! : '';
}

/** The part of a long name that says most: its end, cut at an underscore. */
function shorten(text: string): string {
  if (text.length <= MAX_STEM) return text;
  const tail = text.slice(-MAX_STEM);
  const cut = tail.indexOf('_');
  return cut < 0 || cut > MAX_STEM / 2 ? tail.replace(/^_/, '') : tail.slice(cut + 1);
}

/** Gives every name of one name space its stem; equal stems are numbered. Compared without case, because macros are upper case. */
export class StemTable {
  private readonly stems = new Map<string, string>();
  private readonly taken = new Set<string>();

  /**
   * @param fallback stem of a name that has no letter or digit, e.g. `value`
   * @param prefixes that belong to others (`kws_`, `nanoc_`): no stem starts with one of them
   * @param folder path segment that is left out, see `commonFolder`
   */
  constructor(
    private readonly fallback: string,
    private readonly prefixes: readonly string[] = [],
    private readonly folder = '',
  ) {}

  /** The stem of this name: the same at every call, another one for every other name. */
  stem(name: string): string {
    const known = this.stems.get(name);
    if (known !== undefined) return known;
    const short = shorten(sanitise(essential(name, this.folder)));
    const foreign = short === '' || /^[0-9]/.test(short) || this.prefixes.some((prefix) => short.startsWith(prefix));
    const start = foreign ? `${this.fallback}_${short}`.replace(/_$/, '') : short;
    const base = RESERVED.has(start) ? `${start}_${this.fallback}` : start;
    let stem = base;
    for (let index = 2; this.taken.has(stem); index += 1) stem = `${base}_${index}`;
    this.taken.add(stem);
    this.stems.set(name, stem);
    return stem;
  }
}
