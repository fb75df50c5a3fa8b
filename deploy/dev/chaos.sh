# shellcheck shell=bash
# chaos: real services on a real Kafka and Redis, under load, while everything breaks (tests/chaos/README.md).

cmd_chaos() {
    if [ -z "${HY_BIN:-}" ]; then # else programs that were built elsewhere
        cmd_setup
        cmd_build release
        export HY_BIN=$HY_ROOT/build/release/bin
    fi
    exec "$HY_CACHE_DIR/venv/bin/python" -B tests/chaos/chaos.py "$@"
}
