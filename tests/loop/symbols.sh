#!/bin/sh
# SPDX-License-Identifier: MIT
# The library exports what its symbol map lists and nothing else, and each public call of the header is there.
# Usage: symbols.sh LIBRARY MAP HEADER
set -eu
library=$1 map=$2 header=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -D --defined-only --format=posix "$library" |
    awk '$2 != "A" { sub(/@.*/, "", $1); print $1 }' | sort -u >"$work/exported"
sed -n 's/^ *\(warmstart_[a-z_]*\);$/\1/p' "$map" | sort -u >"$work/listed"
tr '\n' ' ' <"$header" | grep -o 'WARMSTART_API [^;(]*(' |
    sed 's/.*[ *]\(warmstart_[a-z_]*\)($/\1/' | sort -u >"$work/declared"

[ -s "$work/declared" ] || { echo "no public call found in $header"; exit 1; }
diff "$work/exported" "$work/listed" || { echo "< exported, > listed in $map"; exit 1; }
diff "$work/declared" "$work/listed" || { echo "< declared in $header, > listed in $map"; exit 1; }
echo "$(wc -l <"$work/listed") symbols"
