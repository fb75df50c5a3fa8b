# shellcheck shell=bash
# up, down, env, logs: the whole system on this machine.

# One line a service, in the order in which they start: name, variable of its port, port, variable of the address that it
# listens at, and what only this one is given. A service that is not in the build is left out.
hy_services() {
    cat <<'TABLE'
member       | HY_DEV_MEMBER_PORT       | 9102 | HY_ADMIN_LISTEN |
accrual      | HY_DEV_ACCRUAL_PORT      | 9101 | HY_ADMIN_LISTEN |
tier         | HY_DEV_TIER_PORT         | 9103 | HY_ADMIN_LISTEN |
campaign     | HY_DEV_CAMPAIGN_PORT     | 9104 | HY_ADMIN_LISTEN | HY_COUPON_SECRET=$(development_secret coupon-secret)
notification | HY_DEV_NOTIFICATION_PORT | 9105 | HY_ADMIN_LISTEN | HY_KEK_FILE=$(development_secret kek file) HY_SMTP_URL=$(mail_url) HY_QUIET_HOURS=${HY_QUIET_HOURS-}
gateway      | HY_DEV_HTTP_PORT         | 8080 | HY_HTTP_LISTEN  | HY_KEK_FILE=$(development_secret kek file)
TABLE
}

# Fields of the table by NAME; fills the caller's port_variable, port, listen and own.
find_service() {
    local wanted=$1 name
    while IFS='|' read -r name port_variable port listen own; do
        [ "${name// /}" = "$wanted" ] || continue
        port_variable=${port_variable// /} listen=${listen// /}
        port=${!port_variable:-${port// /}}
        return
    done < <(hy_services)
    die "no such service: $wanted"
}

all_services() { hy_services | sed 's/ *|.*//'; }

# Those that are in the build.
built_services() {
    local name
    for name in $(all_services); do [ ! -x "$HY_BIN/hy-$name" ] || printf '%s\n' "$name"; done
}

# Backwards: the gateway goes first, and nobody loses an answer.
services_down() { all_services | tac; }

service_url() {
    local port_variable port listen own
    find_service "$1"
    printf 'http://127.0.0.1:%s' "$port"
}

# development_secret NAME [file]: 64 hex digits, made once for this instance; prints them, or the file's path.
# For development alone: whoever can read the folder can read them.
development_secret() {
    local path=$HY_DEV_DIR/development-$1
    if [ ! -e "$path" ]; then
        mkdir -p "$HY_DEV_DIR"
        (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$path.new")
        mv -n "$path.new" "$path"
    fi
    if [ "${2:-}" = file ]; then printf '%s' "$path"; else cat "$path"; fi
}

# What notification sends goes to a mail server of our own, which keeps everything and sends nothing on.
mail_port() { printf '%s' "${HY_DEV_MAIL_PORT:-9125}"; }
mail_url() { printf '%s' "${HY_SMTP_URL-smtp://127.0.0.1:$(mail_port)}"; }

start_mail() {
    [ -x "$HY_BIN/hy-notification" ] && [ -z "${HY_SMTP_URL-}" ] || return 0
    if running_pid mail >/dev/null; then return; fi
    require_free_port "$(mail_port)" HY_DEV_MAIL_PORT "the development mail server"
    say "starting the development mail server on port $(mail_port)"
    launch mail "$HY_CACHE_DIR/venv/bin/python" -B deploy/dev/mailbox.py serve "$(mail_port)" "$HY_DEV_DIR/mail"
    wait_ready mail 30 port_is_busy "$(mail_port)"
}

keys_file() { printf '%s' "$HY_DEV_DIR/development-keys"; }

print_environment() {
    local name
    cat <<EOT
export HY_URL=$(service_url gateway)
EOT
    for name in $(all_services); do
        [ "$name" = gateway ] || printf 'export HY_%s_URL=%s\n' "${name^^}" "$(service_url "$name")"
    done
    cat <<EOT
export HY_KAFKA_BROKERS=127.0.0.1:$HY_DEV_KAFKA_PORT
export HY_REDIS_URL=redis://127.0.0.1:$HY_DEV_REDIS_PORT/0
export HY_TOPIC_PREFIX=${HY_TOPIC_PREFIX:-hy.}
export HY_DEVELOPMENT_CLOCK=${HY_DEVELOPMENT_CLOCK:-true}
export HY_DEV_MAIL=$HY_DEV_DIR/mail
export HY_BIN=$HY_ROOT/build/$HY_DEV_PRESET/bin
EOT
    [ ! -e "$(keys_file)" ] || cat "$(keys_file)"
}

cmd_env() {
    print_environment
    # shellcheck disable=SC2016
    printf 'export PATH=%s:"$PATH"\n' "$HY_ROOT/build/$HY_DEV_PRESET/bin:$HY_ROOT/.dev/venv/bin"
}

load_environment() { eval "$(cmd_env)"; }

service_is_ready() { curl --silent --fail --max-time 2 --output /dev/null "$1/readyz"; }

start_service() {
    local name=$1 port_variable port listen own
    if running_pid "$name" >/dev/null; then
        say "$name runs already"
        return
    fi
    find_service "$name"
    require_free_port "$port" "$port_variable" "$name"
    say "starting $name on port $port"
    local -a environment
    eval "environment=($own)"
    launch "$name" env "$listen=127.0.0.1:$port" HY_LOG_LEVEL="${HY_LOG_LEVEL:-info}" "${environment[@]}" "$HY_BIN/hy-$name"
}

wait_service() { wait_ready "$1" 60 service_is_ready "$(service_url "$1")"; }

# An API key of each role, made once. Keys whose topic is gone (the data was deleted) are made anew.
make_keys() {
    "$HY_BIN/huiyuanctl" help keys add >/dev/null 2>&1 || return 0
    local file role secret held
    file=$(keys_file)
    held=$("$HY_BIN/huiyuanctl" keys list)
    if [ -e "$file" ] && grep -q "development-store" <<<"$held"; then return; fi
    say "making development API keys"
    (umask 077 && : >"$file.new")
    for role in store marketing desk operations; do
        secret=$("$HY_BIN/huiyuanctl" keys add "$role" "development-$role" 2>/dev/null)
        [ "$role" != store ] || printf 'export HY_KEY=%s\n' "$secret" >>"$file.new"
        printf 'export HY_KEY_%s=%s\n' "${role^^}" "$secret" >>"$file.new"
    done
    mv -f "$file.new" "$file"
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
    make_keys
    start_mail
    local name
    for name in $(built_services); do start_service "$name"; done
    for name in $(built_services); do wait_service "$name"; done
}

# A start that fails half way leaves nothing behind that was not there before.
cmd_up() {
    local name
    local -a before=()
    for name in kafka redis mail $(all_services); do
        running_pid "$name" >/dev/null && before+=("$name")
    done
    # In the background, because `set -e` is off inside of a condition.
    start_everything &
    if ! wait $!; then
        say "up failed: stopping what it started"
        for name in $(services_down) mail redis kafka; do
            [[ " ${before[*]-} " == *" $name "* ]] || stop_process "$name"
        done
        exit 1
    fi
    say "ready: $(service_url gateway)"
}

cmd_down() {
    local name
    for name in $(services_down) mail redis kafka; do stop_process "$name"; done
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
