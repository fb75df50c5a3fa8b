# shellcheck shell=bash
# What all parts of ./dev use: messages, ports, and processes that are known by pid and start time.

say() { printf 'dev: %s\n' "$*" >&2; }

die() {
    printf 'dev: error: %s\n' "$*" >&2
    exit 1
}

port_is_busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# require_free_port PORT VARIABLE WHAT
require_free_port() {
    ! port_is_busy "$1" || die "port $1 is in use by another program, and $3 needs it: stop that program, or set $2 to a free port"
}

log_file() { printf '%s' "$HY_DEV_DIR/log/$1.log"; }
pid_file() { printf '%s' "$HY_DEV_DIR/run/$1.pid"; }

# The time at which a process started, in ticks since boot; fails if there is none. A pid alone may by now belong to somebody
# else; a pid with its start time does not. A zombie counts as none, but only when its last thread is gone: a killed
# program keeps its ports until then.
process_start_time() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    local -a fields
    read -ra fields <<<"${stat##*) }" # the name in front may hold spaces and brackets
    local state=${fields[0]} threads=${fields[17]} started=${fields[19]}
    [[ $state != Z || $threads -gt 1 ]] && printf '%s' "$started"
}

# running_pid NAME: prints the pid of a process that we started and that still runs
running_pid() {
    local pid started
    read -r pid started 2>/dev/null <"$(pid_file "$1")" || return 1
    [ -n "$started" ] && [ "$(process_start_time "$pid")" = "$started" ] && printf '%s' "$pid"
}

# launch NAME COMMAND...: in the background, in a session of its own, output to its log. The caller's third descriptor
# (the demo's) is not passed on: it may be a pipe, which would never end.
launch() {
    local name=$1 log
    shift
    log=$(log_file "$name")
    mkdir -p "$HY_DEV_DIR/run" "$HY_DEV_DIR/log"
    [ ! -e "$log" ] || mv -f "$log" "$log.1"
    setsid "$@" </dev/null >"$log" 2>&1 3>&- &
    local pid=$!
    disown "$pid"
    printf '%s %s\n' "$pid" "$(process_start_time "$pid" || true)" >"$(pid_file "$name")"
}

# wait_ready NAME SECONDS CHECK...: until CHECK succeeds; dies with the end of the log if the process ends or time runs out
wait_ready() {
    local name=$1 deadline=$((SECONDS + $2)) reason=
    shift 2
    until "$@"; do
        if ! running_pid "$name" >/dev/null; then
            reason="$name ended while starting"
        elif ((SECONDS >= deadline)); then
            reason="$name did not become ready in time"
        else
            sleep 0.05
            continue
        fi
        tail -n 20 "$(log_file "$name")" >&2 || true
        die "$reason; its log: $(log_file "$name")"
    done
}

# stop_process NAME [SIGNAL]: sends SIGNAL (TERM), waits up to 20 s, then kills. Nothing to stop is no error.
stop_process() {
    local name=$1 signal=${2:-TERM} pid deadline=$((SECONDS + 20))
    if ! pid=$(running_pid "$name"); then
        rm -f "$(pid_file "$name")"
        return 0
    fi
    say "stopping $name (pid $pid)"
    kill -s "$signal" "$pid" 2>/dev/null || true
    while running_pid "$name" >/dev/null; do
        if ((SECONDS >= deadline)); then
            say "$name does not stop: killing it"
            kill -s KILL "$pid" 2>/dev/null || true
            deadline=$((SECONDS + 20))
        fi
        sleep 0.05
    done
    rm -f "$(pid_file "$name")"
}
