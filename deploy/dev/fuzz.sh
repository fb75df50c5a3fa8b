# shellcheck shell=bash
# fuzz: the targets of tests/fuzz, for a while.

cmd_fuzz() {
    cmd_build fuzz
    exec python3 tests/fuzz/run.py "$@"
}
