#!/bin/sh
# Stands in for Renode's renode-test where tests do not have Renode: the program that <test>.resc loads runs in QEMU, on a machine with the
# same core and memories, in the folder of the test. It knows neither Robot Framework nor Renode's own files.
set -eu
for argument in "$@"; do test=$argument; done
name=${test%.robot}
grep -q "include @\${CURDIR}/$name.resc" "$test"
grep -q "LoadPlatformDescription \$ORIGIN/$name.repl" "$name.resc"
case $(grep '^using ' "$name.repl") in
  *stm32f4.repl*) machine=netduinoplus2 ;;
  *nrf52840.repl*) machine=mps2-an386 ;;
  *) exit 2 ;;
esac
program=$(sed -n 's/^sysbus LoadELF //p' "$name.resc" | sed "s|^@||; s|^\$ORIGIN|$PWD|")
exec qemu-system-arm -M "$machine" -nographic -monitor none -semihosting-config enable=on,target=native -kernel "$program"
