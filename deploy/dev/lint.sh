# shellcheck shell=bash
# lint, fmt: clang-format and clang-tidy over every C file that git knows or would take in.

c_files() {
    local file
    git ls-files -z --cached --others --exclude-standard -- '*.c' '*.h' | while IFS= read -r -d '' file; do
        [ ! -e "$file" ] || printf '%s\0' "$file" # deleted, not yet committed
    done
}

lint_format() {
    say "clang-format: looking at every C file"
    c_files | xargs -0 -r -n 40 -P 2 clang-format --dry-run -Werror
}

lint_tidy() {
    say "clang-tidy: looking at every C file that build/release compiles"
    [ -e build/release/compile_commands.json ] || cmake --preset release --log-level=WARNING
    # Generated headers must be there to be included; the rest of the build is not needed.
    [ ! -e proto/CMakeLists.txt ] || cmake --build --preset release --target hy_proto >/dev/null
    python3 deploy/dev/tidy.py build/release
}

cmd_lint() {
    local failed=0
    lint_format || failed=1
    lint_tidy || failed=1
    [ $failed -eq 0 ] || die "lint found something: see above (./dev fmt mends the format)"
    say "lint: clean"
}

cmd_fmt() {
    say "formatting every C file"
    c_files | xargs -0 -r -n 40 -P 2 clang-format -i
}
