# shellcheck shell=bash
# test: every test there is, and one line with the sum at the end.
# Groups, in this order:
#   unit         ctest under AddressSanitizer and UndefinedBehaviorSanitizer, but for the label `integration`, which needs servers
#   lint         tests/lint: format, clang-tidy, what the pure libraries link, one door per library
#   contract     tests/contract: the published contracts (OpenAPI, events) against the programs
#   model        tests/model: the protocol, searched whole
#   sim          tests/sim: simulated histories of faults, by the release build
#   planted      tests/planted: mistakes that the simulations must find
#   fuzz         tests/fuzz: every parser that meets the outside, a minute each
#   integration  tests/integration: the release programs on a Kafka and a Redis that the tests start themselves
#   chaos        tests/chaos: the same programs, while everything breaks

HY_TEST_GROUPS=(unit lint contract model sim planted fuzz integration chaos)

# Prints "ctest:STATUS:FILE" for the sum.
run_unit_tests() {
    local results=$1 status=0
    say "unit tests (build/asan)"
    rm -f build/asan/tests/*.xml
    ctest --test-dir build/asan --label-exclude integration --parallel 2 --timeout 300 --output-on-failure \
        --no-tests=error --output-junit "$results/unit.xml" </dev/null >&2 || status=$?
    printf 'ctest:%s:%s\n' "$status" "$results/unit.xml"
}

# A test that hangs fails after its time, and a group that hangs after its own: what is left still runs.
run_pytest() {
    local results=$1 group=$2 status=0 seconds=300
    local -a two=()
    [ -d "tests/$group" ] || return 0
    case $group in # two at a time where one leaves a core idle
        lint | sim) seconds=1200 ;; # clang-tidy over everything; searches
        model) seconds=1200 two=(-n 2) ;;
        planted | fuzz | chaos) seconds=900 ;;
        integration) seconds=600 two=(-n 2 --dist loadfile) ;; # a Kafka and a Redis each
    esac
    say "$group tests"
    HY_BIN=$HY_ROOT/build/release/bin PYTHONDONTWRITEBYTECODE=1 \
        timeout --foreground --kill-after=30 40m "$HY_CACHE_DIR/venv/bin/python" -m pytest -p no:cacheprovider "${two[@]}" \
        --timeout "$seconds" --tb=short -q -ra --durations 5 \
        --junitxml="$results/$group.xml" "tests/$group" </dev/null >&2 || status=$?
    printf 'pytest:%s:%s\n' "$status" "$results/$group.xml"
}

build_for_tests() {
    local group
    cmd_build release || return 1
    for group in "$@"; do
        [ "$group" != unit ] || cmd_build asan || return 1
        [ "$group" != fuzz ] || cmd_build fuzz || return 1
    done
}

cmd_test() {
    local results=$HY_CACHE_DIR/results group
    local -a groups=("$@") ran=()
    [ $# -gt 0 ] || groups=("${HY_TEST_GROUPS[@]}")
    for group in "${groups[@]}"; do
        [[ " ${HY_TEST_GROUPS[*]} " == *" $group "* ]] || die "no such group of tests: $group"
    done
    cmd_setup
    rm -rf "$results"
    mkdir -p "$results"
    # A subshell, because `set -e` is off in a condition: the build's own status must count.
    if ! (build_for_tests "${groups[@]}") >&2; then
        say "the build failed, so no test could run"
        printf '0 passed, 1 failed\n'
        return 1
    fi
    for group in "${groups[@]}"; do
        if [ "$group" = unit ]; then
            mapfile -t -O ${#ran[@]} ran < <(run_unit_tests "$results")
        else
            mapfile -t -O ${#ran[@]} ran < <(run_pytest "$results" "$group")
        fi
    done
    python3 deploy/dev/sum_results.py "${ran[@]}"
}
