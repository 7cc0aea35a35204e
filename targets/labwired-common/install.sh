#!/bin/bash
# install.sh: the chip simulator labwired (PyPI, MIT) in a Python environment of its own, ~/.cache/nanoc/labwired; 20 MB, half a minute.
# Nothing is installed into the system, root is not needed.
set -euo pipefail

folder=${XDG_CACHE_HOME:-$HOME/.cache}/nanoc/labwired
version=0.25.0

say() { echo "labwired: $*"; }
die() { echo "labwired: $*" >&2; exit 3; }

mkdir -p "$(dirname "$folder")"
exec 9> "$folder.lock"
flock 9
if "$folder/bin/python3" -c "import importlib.metadata as m, labwired; assert m.version('labwired') == '$version'" 2> /dev/null; then
  say "$folder is complete"
  exit 0
fi
[ -n "$(command -v python3)" ] || die "it is a package for Python, and 'python3' is not here. On Debian or Ubuntu: sudo apt-get install python3 python3-venv"
rm -rf "$folder"
python3 -m venv "$folder" || die "Python makes no environment. On Debian or Ubuntu: sudo apt-get install python3-venv"
"$folder/bin/python3" -m pip install --quiet --disable-pip-version-check --only-binary :all: "labwired==$version" ||
  { rm -rf "$folder"; die "pip cannot install it; what it said is above"; }
say "$folder is complete"
