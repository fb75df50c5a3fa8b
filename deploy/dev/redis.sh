# shellcheck shell=bash
# redis: Redis on loopback, snapshots only. It holds a projection of the logs and may lose its last minute (deploy/dev/redis.conf).

redis_is_ready() {
    local reply
    exec 3<>"/dev/tcp/127.0.0.1/$HY_DEV_REDIS_PORT" || return 1
    printf 'PING\r\n' >&3
    read -r -t 1 reply <&3 || reply=
    exec 3>&-
    [[ $reply == +PONG* ]] # while it loads a snapshot it answers -LOADING
} 2>/dev/null

redis_wait() {
    running_pid redis >/dev/null || die "Redis does not run here: ./dev redis start"
    wait_ready redis 60 redis_is_ready
}

redis_start() {
    if running_pid redis >/dev/null; then
        say "Redis runs already, on port $HY_DEV_REDIS_PORT"
        return
    fi
    command -v redis-server >/dev/null || die "Redis is not here yet: ./dev setup"
    require_free_port "$HY_DEV_REDIS_PORT" HY_DEV_REDIS_PORT Redis
    say "starting Redis on port $HY_DEV_REDIS_PORT"
    mkdir -p "$HY_DEV_DIR/redis-data"
    launch redis redis-server "$HY_ROOT/deploy/dev/redis.conf" --port "$HY_DEV_REDIS_PORT" --dir "$HY_DEV_DIR/redis-data"
    redis_wait
}

cmd_redis() {
    case ${1:-} in
        start) redis_start ;;
        wait) redis_wait ;;
        stop) stop_process redis ;;
        kill) stop_process redis KILL ;;
        *) die "usage: ./dev redis start|stop|kill|wait" ;;
    esac
}
