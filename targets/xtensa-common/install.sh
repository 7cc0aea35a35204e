#!/bin/bash
# install.sh [FOLDER]: a C compiler for LX7-class Xtensa cores (windowed ABI, FPU, zero-overhead loops) that Debian's QEMU runs, made of Debian's
# packages only: gcc and binutils for the LX106, QEMU's description of the core de233_fpu, and the helpers and string functions of libgcc and
# newlib compiled for it. Takes about a minute, 180 MB of downloads and 80 MB of disk; FOLDER is ~/.cache/nanoc/xtensa unless it is given.
# Packages are downloaded and verified by apt, with lists of its own below FOLDER: nothing is installed into the system, root is not needed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/nanoc/xtensa}
version="2 $(cat "$here/install.sh" "$here/core-config.c" | cksum)"

say() { echo "xtensa toolchain: $*"; }
die() { echo "xtensa toolchain: $*" >&2; exit 3; }

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
exec 9> "$folder/.lock"
flock 9
if [ "$(cat "$folder/version" 2> /dev/null)" = "$version" ]; then
  say "$folder is complete"
  exit 0
fi
for command in apt-get apt-cache dpkg dpkg-deb gcc tar xz; do
  [ -n "$(command -v $command)" ] || die "it is made of Debian's packages by apt, and '$command' is not here. On Debian or Ubuntu: sudo apt-get install apt dpkg gcc libc6-dev xz-utils; elsewhere run nanoc in a container with Debian (image debian:trixie)."
done
[ "$(dpkg --print-architecture)" = amd64 ] || [ "$(dpkg --print-architecture)" = arm64 ] || die "Debian's gcc-xtensa-lx106 exists for amd64 and arm64 computers, and this is $(dpkg --print-architecture)"

suite=trixie # Debian 13, also on other releases: gcc 13 and binutils 2.44 are what reads the description of a core
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | grep debian | sort -u | head -1 || true)
mirror=${mirror:-http://deb.debian.org/debian}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keyring" ] || die "apt verifies what it downloads with Debian's keys, and they are not here: sudo apt-get install debian-archive-keyring"

say "making $folder of packages of Debian $suite from $mirror"
rm -rf "$folder"/{version,apt,deb,root,source,bin,lib,lib-base,include,core.so,core-base.so}
cd "$folder"
mkdir -p apt/lists/partial apt/cache/archives/partial deb root source/core bin lib lib-base include
printf '%s [signed-by='"$keyring"'] '"$mirror $suite"' main\n' deb deb-src > apt/sources.list
cat > apt/configuration << END
Dir::Etc::sourcelist "$folder/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$folder/apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$folder/apt/cache";
APT::Sandbox::User "$(id -un)";
Acquire::Retries "3";
END
export APT_CONFIG=$folder/apt/configuration
apt-get update -qq || die "apt cannot read $mirror; what it said is above"
say "downloading (180 MB)"
(cd deb && apt-get download -qq gcc-xtensa-lx106 binutils-xtensa-lx106 gcc-13-source newlib-source libnewlib-dev \
  libc6 libstdc++6 libgcc-s1 libgmp10 libisl23 libmpc3 libmpfr6 zlib1g libzstd1 libjansson4 \
  && apt-get source -qq --download-only qemu) || die "a download failed; what apt said is above. Run the same command again."
unset APT_CONFIG

say "unpacking"
for package in deb/*.deb; do
  case $package in *-source_*) ;; *) dpkg-deb -x "$package" root ;; esac
done
dpkg-deb --fsys-tarfile deb/gcc-13-source_*.deb | tar x -O --wildcards './usr/src/gcc-13/gcc-13*.tar.xz' \
  | tar xJ -C source --strip-components=1 --wildcards '*/libgcc/config/xtensa'
dpkg-deb --fsys-tarfile deb/newlib-source_*.deb | tar x -O --wildcards './usr/src/newlib/newlib-*.tar.xz' \
  | tar xJ -C source --strip-components=1 --wildcards '*/newlib/libc/machine/xtensa' '*/newlib/libc/string' '*/newlib/libc/*/*.h'
tar xf deb/qemu_*.orig.tar.xz -C source --strip-components=1 --wildcards '*/target/xtensa/core-de233_fpu/*' '*/target/xtensa/xtensa-isa*.h' '*/include/hw/xtensa/xtensa-isa.h'

# The programs run with the libraries that came with them, whatever this computer has.
libraries=$(dirname "$(ls root/usr/lib/*/ld-linux-*.so.*)")
loader=$(ls "$folder"/root/usr/lib/*/ld-linux-*.so.*)
gcc=$(echo root/usr/lib/gcc/xtensa-lx106-elf/*)
rm -f "$gcc"/{cc1plus,cc1obj,cc1objplus,d21,lto1} root/usr/bin/xtensa-lx106-elf-{g++,c++,gdc,lto-dump,gcov*}
for program in $(readlink -f root/usr/bin/xtensa-lx106-elf-* root/usr/lib/xtensa-lx106-elf/bin/* "$gcc"/{cc1,collect2} | sort -u); do
  [ "$(head -c 4 "$program" | tail -c 3)" = ELF ] || continue
  mv "$program" "$program.bin"
  printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$folder/$libraries" "$program.bin" > "$program"
  chmod +x "$program"
done

say "compiling libraries"
qemu=source/target/xtensa
cp "$gcc/plugin/include/xtensa-dynconfig.h" "$qemu/core-de233_fpu/core-isa.h" source/core/
# wrapper COMMAND TOOL CORE LIBRARIES: the tool for a core; a compiler finds the core's libraries.
wrapper() {
  local options=
  [ "$2" != gcc ] || options="-B\"$folder/$4\" -idirafter \"$folder/include\" -L\"$folder/$4\""
  printf '#!/bin/sh\nXTENSA_GNU_CONFIG="%s" exec "%s" %s "$@"\n' "$folder/$3" "$folder/root/usr/bin/xtensa-lx106-elf-$2" "$options" > "bin/$1"
  chmod +x "bin/$1"
}
# core FILE OPTION...: what compiler and binutils are told of the core.
core() {
  local file=$1
  shift
  gcc -shared -nostdlib -fPIC -O2 -w "$@" -include stdint.h -include stdbool.h -include stddef.h '-DATTRIBUTE_UNUSED=' -Isource/core -I$qemu -Isource/include \
    "$here/core-config.c" -x c $qemu/core-de233_fpu/xtensa-modules.c.inc -o "$file"
}
core core.so
core core-base.so -DNANOC_BASE
for name in gcc ar as ld objdump objcopy nm size readelf strip ranlib; do
  wrapper xtensa-lx7-elf-$name $name core.so lib
done
wrapper xtensa-lx7base-elf-gcc gcc core-base.so lib-base
cp -r root/usr/include/newlib/. include/
mkdir -p source/core/xtensa/config
{ cat source/core/core-isa.h; cat << 'END'; } > source/core/xtensa-config.h
#undef XCHAL_HAVE_DFP
#define XCHAL_HAVE_DFP 0
#undef XCHAL_HAVE_DFP_accel
#define XCHAL_HAVE_DFP_accel 0
#define XTHAL_ABI_WINDOWED 0
#define XTHAL_ABI_CALL0 1
#define XSHAL_ABI XTHAL_ABI_WINDOWED
#define XSHAL_USE_ABSOLUTE_LITERALS 0
#ifdef NANOC_BASE
#undef XCHAL_HAVE_MAC16
#define XCHAL_HAVE_MAC16 0
#undef XCHAL_HAVE_FP_DIV
#define XCHAL_HAVE_FP_DIV 0
#undef XCHAL_HAVE_FP_RECIP
#define XCHAL_HAVE_FP_RECIP 0
#undef XCHAL_HAVE_FP_SQRT
#define XCHAL_HAVE_FP_SQRT 0
#undef XCHAL_HAVE_FP_RSQRT
#define XCHAL_HAVE_FP_RSQRT 0
#endif
END
cp source/core/xtensa-config.h source/core/xtensa-config-builtin.h
cp source/core/xtensa-config.h source/core/xtensa/config/core-isa.h
libgcc=source/libgcc/config/xtensa
[ -e $libgcc/lib1funcs.S ] || libgcc=$(dirname "$(find source -name lib1funcs.S | grep xtensa)")
libc=source/newlib/libc
# libraries COMPILER FOLDER OPTION...: libgcc.a and libc.a
libraries() {
  local compile="$folder/bin/$1 -c -O2 -mlongcalls -ffunction-sections -Isource/core ${*:3}" folder_of=$2
  rm -rf source/o
  mkdir source/o
  for function in $(sed -n '/^LIB1ASMFUNCS/,/^$/p' "$libgcc/t-xtensa" | tr -d '\\' | sed 's/.*=//'); do
    $compile -DL$function "$libgcc/lib1funcs.S" -o source/o/$function.o
  done
  bin/xtensa-lx7-elf-ar rcs "$folder_of/libgcc.a" source/o/*.o
  rm source/o/*
  for file in $libc/machine/xtensa/{memcpy,memset,strlen,strcmp,strcpy,strncpy}.S $libc/string/{memmove,memcmp,memchr,strncmp,strchr}.c; do
    $compile -I$libc/machine/xtensa -I$libc/string "$file" -o "source/o/$(basename "$file").o"
  done
  bin/xtensa-lx7-elf-ar rcs "$folder_of/libc.a" source/o/*.o
}
libraries xtensa-lx7-elf-gcc lib
libraries xtensa-lx7base-elf-gcc lib-base -DNANOC_BASE

rm -rf apt deb source
echo "$version" > version
say "ready; the compiler is $folder/bin/xtensa-lx7-elf-gcc"
