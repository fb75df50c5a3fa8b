# shellcheck shell=bash
# sim: both simulations (tests/sim, tests/unit/stage) by the release build, on all cores, with progress and coverage.

SIM_DEFAULT_SEEDS=10000
SIM_CHUNK=500

# sim_worker PROGRAM FIRST LAST STRIDE RESULTS: every STRIDE-th chunk of seeds from FIRST on
sim_worker() {
    local program=$1 first=$2 last=$3 stride=$4 results=$5 count
    for (( ; first <= last; first += SIM_CHUNK * stride)); do
        count=$((last - first + 1 < SIM_CHUNK ? last - first + 1 : SIM_CHUNK))
        [ ! -e "$results/failed" ] || return 1
        if ! HY_SEEDS=$count HY_PARTIAL=1 "build/release/tests/$program" "$first" >>"$results/$program.$6" 2>"$results/errors.$6"; then
            touch "$results/failed"
            grep -v '^{' "$results/errors.$6" >&2 # without what the services log
            return 1
        fi
        say "$program: seeds $first to $((first + count - 1)) are right"
    done
}

# Lines that differ in their numbers alone become one with the sums, in the order of the first chunk.
sim_sum() {
    awk '{
        key = $0
        gsub(/[0-9]+/, "#", key)
        if (!(key in place)) { place[key] = ++lines; text[lines] = key }
        line = place[key]
        rest = $0
        for (n = 1; match(rest, /[0-9]+/); n++) {
            sum[line, n] += substr(rest, RSTART, RLENGTH)
            rest = substr(rest, RSTART + RLENGTH)
        }
    }
    END {
        for (line = 1; line <= lines; line++) {
            out = text[line]
            for (n = 1; sub(/#/, sprintf("%d", sum[line, n]), out); n++) { }
            print out
        }
    }' "$@"
}

sim_run() {
    local program=$1 first=$2 seeds=$3 results=$4 cores worker status=0
    local -a workers=()
    cores=$(nproc)
    for ((worker = 0; worker < cores; worker++)); do
        sim_worker "$program" $((first + worker * SIM_CHUNK)) $((first + seeds - 1)) "$cores" "$results" "$worker" &
        workers+=($!)
    done
    for worker in "${workers[@]}"; do wait "$worker" || status=1; done
    [ "$status" = 0 ] || return 1
    sim_sum "$results/$program".* | tee "$results/sum"
    # Few histories need not meet everything.
    if [ "$seeds" -ge 1000 ] && grep -E ' 0,' "$results/sum" >&2; then
        say "$program: what has a 0 above was never met"
        return 1
    fi
}

cmd_sim() {
    local seeds=$SIM_DEFAULT_SEEDS first=1 results status=0 started=$SECONDS
    while [ $# -gt 0 ]; do
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "usage: ./dev sim [--seeds N] [--first S]"
        case $1 in
            --seeds) seeds=$2 ;;
            --first) first=$2 ;;
            *) die "usage: ./dev sim [--seeds N] [--first S]" ;;
        esac
        shift 2
    done
    cmake --preset release --log-level=WARNING >&2
    cmake --build --preset release --target test_stage_random sim_services >&2
    results=$(mktemp -d)
    sim_run test_stage_random "$first" "$seeds" "$results" && sim_run sim_services "$first" "$seeds" "$results" || status=1
    rm -rf "$results"
    [ "$status" = 0 ] || die "a simulated history went wrong: the lines above say how to run it again"
    say "$((2 * seeds)) histories in $((SECONDS - started)) s"
}
