# shellcheck shell=bash
# build: configure and compile one preset.

cmd_build() {
    local preset=${1:-$HY_DEV_PRESET}
    say "building build/$preset"
    cmake --preset "$preset" --log-level=WARNING
    cmake --build --preset "$preset"
}
