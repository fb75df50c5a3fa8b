# shellcheck shell=bash
# up, down, env, logs: the whole system on this machine.

HY_SERVICES=(accrual gateway)

service_port() {
    case $1 in
        accrual) printf '%s %s' "$HY_DEV_ACCRUAL_PORT" HY_DEV_ACCRUAL_PORT ;;
        gateway) printf '%s %s' "$HY_DEV_HTTP_PORT" HY_DEV_HTTP_PORT ;;
    esac
}

print_environment() {
    cat <<EOT
export HY_URL=http://127.0.0.1:$HY_DEV_HTTP_PORT
export HY_ACCRUAL_URL=http://127.0.0.1:$HY_DEV_ACCRUAL_PORT
export HY_KAFKA_BROKERS=127.0.0.1:$HY_DEV_KAFKA_PORT
export HY_REDIS_URL=redis://127.0.0.1:$HY_DEV_REDIS_PORT/0
export HY_TOPIC_PREFIX=${HY_TOPIC_PREFIX:-hy.}
export HY_BIN=$HY_ROOT/build/$HY_DEV_PRESET/bin
EOT
}

cmd_env() {
    print_environment
    # shellcheck disable=SC2016
    printf 'export PATH=%s:"$PATH"\n' "$HY_ROOT/build/$HY_DEV_PRESET/bin:$HY_ROOT/.dev/venv/bin"
}

load_environment() { eval "$(cmd_env)"; }

service_is_ready() { curl --silent --fail --max-time 2 --output /dev/null "http://127.0.0.1:$1/readyz"; }

# start_service NAME: every service listens on its own port, the gateway with HY_HTTP_LISTEN, the others with HY_ADMIN_LISTEN
start_service() {
    local name=$1 port variable listen=HY_ADMIN_LISTEN
    if running_pid "$name" >/dev/null; then
        say "$name runs already"
        return
    fi
    read -r port variable <<<"$(service_port "$name")"
    [ "$name" != gateway ] || listen=HY_HTTP_LISTEN
    [ -x "$HY_BIN/hy-$name" ] || die "$HY_BIN/hy-$name is not built: ./dev build"
    require_free_port "$port" "$variable" "$name"
    say "starting $name on port $port"
    launch "$name" env "$listen=127.0.0.1:$port" HY_LOG_LEVEL="${HY_LOG_LEVEL:-info}" "$HY_BIN/hy-$name"
}

wait_service() {
    local port
    read -r port _ <<<"$(service_port "$1")"
    wait_ready "$1" 60 service_is_ready "$port"
}

start_everything() {
    load_environment
    [ -x "$HY_BIN/huiyuanctl" ] || die "$HY_BIN/huiyuanctl is not built: ./dev build"
    redis_start
    kafka_start
    say "creating topics"
    "$HY_BIN/huiyuanctl" topics create
    say "publishing the program deploy/dev/program.yaml"
    "$HY_BIN/huiyuanctl" program publish deploy/dev/program.yaml
    local name
    for name in "${HY_SERVICES[@]}"; do start_service "$name"; done
    for name in "${HY_SERVICES[@]}"; do wait_service "$name"; done
}

# A start that fails half way leaves nothing behind that was not there before.
cmd_up() {
    local name
    local -a before=()
    for name in kafka redis "${HY_SERVICES[@]}"; do
        running_pid "$name" >/dev/null && before+=("$name")
    done
    # In the background, because `set -e` is off inside of a condition.
    start_everything &
    if ! wait $!; then
        say "up failed: stopping what it started"
        for name in gateway accrual redis kafka; do
            [[ " ${before[*]-} " == *" $name "* ]] || stop_process "$name"
        done
        exit 1
    fi
    say "ready: http://127.0.0.1:$HY_DEV_HTTP_PORT"
}

cmd_down() {
    local name
    for name in gateway accrual redis kafka; do stop_process "$name"; done
    say "stopped"
}

cmd_logs() {
    local name=${1:-}
    if [ -n "$name" ]; then
        shift
        [ -e "$(log_file "$name")" ] || die "no log of $name in $HY_DEV_DIR/log"
        tail -n 100 "$@" "$(log_file "$name")"
    else
        tail -n 20 "$HY_DEV_DIR"/log/*.log
    fi
}
