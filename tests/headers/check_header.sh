#!/bin/sh
# SPDX-License-Identifier: MIT
# A public header compiles alone and twice over, without a warning.
# Usage: check_header.sh INCLUDE_DIR HEADER LANGUAGE COMPILER...
set -eu
include=$1
header=$2
language=$3
shift 3
case $language in
c) standard=c99 ;;
c++) standard=c++11 ;;
*)
    echo "$0: language '$language' is neither c nor c++" >&2
    exit 2
    ;;
esac
[ -r "$include/$header" ] || {
    echo "$0: no header $include/$header" >&2
    exit 2
}
printf '#include <%s>\n#include <%s>\nint main(void);\nint main(void) { return 0; }\n' "$header" "$header" |
    "$@" -x "$language" -std=$standard -pedantic -Wall -Wextra -Wshadow -Wundef -Werror \
        -I "$include" -fsyntax-only -
