# shellcheck shell=bash
# kafka: Apache Kafka from its own jars, one node that is broker and controller, loopback only.

kafka_java() { java -cp "$HY_CACHE_DIR/kafka/jars/*" "$@"; }

# The fixed part is deploy/dev/kafka/server.properties; ports and folders depend on the instance. A file of one's own
# (HY_DEV_KAFKA_PROPERTIES) may say otherwise.
write_kafka_config() {
    mkdir -p "$HY_DEV_DIR/run"
    {
        cat deploy/dev/kafka/server.properties
        printf '%s\n' \
            "listeners=PLAINTEXT://127.0.0.1:$HY_DEV_KAFKA_PORT,CONTROLLER://127.0.0.1:$HY_DEV_KAFKA_CONTROLLER_PORT" \
            "advertised.listeners=PLAINTEXT://127.0.0.1:$HY_DEV_KAFKA_PORT" \
            "controller.quorum.voters=1@127.0.0.1:$HY_DEV_KAFKA_CONTROLLER_PORT" \
            "log.dirs=$HY_DEV_DIR/kafka-data"
        [ -z "${HY_DEV_KAFKA_PROPERTIES:-}" ] || cat "$HY_DEV_KAFKA_PROPERTIES" # the last word counts
    } >"$HY_DEV_DIR/run/kafka.properties"
}

format_kafka_storage() {
    [ ! -e "$HY_DEV_DIR/kafka-data/meta.properties" ] || return 0
    local output
    output=$(kafka_java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC kafka.tools.StorageTool format \
        --cluster-id huiyuan-dev --config "$HY_DEV_DIR/run/kafka.properties" 2>&1) ||
        die "Kafka's storage could not be formatted: $output"
}

kafka_is_ready() { grep -qs 'Kafka Server started' "$(log_file kafka)"; }

kafka_wait() {
    running_pid kafka >/dev/null || die "Kafka does not run here: ./dev kafka start"
    wait_ready kafka 60 kafka_is_ready
}

kafka_start() {
    if running_pid kafka >/dev/null; then
        say "Kafka runs already, on port $HY_DEV_KAFKA_PORT"
        return
    fi
    [ -d "$HY_CACHE_DIR/kafka/jars" ] || die "Apache Kafka is not here yet: ./dev setup"
    require_free_port "$HY_DEV_KAFKA_PORT" HY_DEV_KAFKA_PORT Kafka
    require_free_port "$HY_DEV_KAFKA_CONTROLLER_PORT" HY_DEV_KAFKA_CONTROLLER_PORT "Kafka's controller"
    say "starting Kafka on port $HY_DEV_KAFKA_PORT"
    write_kafka_config
    format_kafka_storage
    # Parallel collection: on few cores it takes less from the broker than G1 does. With room for what is old, since
    # each full collection stops all for 0.1–0.2 s: beginning at 256 MiB one came every minute at 10,000 purchases a second.
    launch kafka java -cp "$HY_CACHE_DIR/kafka/jars/*" -Xms768m -Xmx1g -Xmn256m -XX:MetaspaceSize=96m \
        -XX:+UseParallelGC -XX:+ExitOnOutOfMemoryError \
        -Djava.awt.headless=true -Dlog4j2.configurationFile="$HY_ROOT/deploy/dev/kafka/log4j2.properties" \
        kafka.Kafka "$HY_DEV_DIR/run/kafka.properties"
    kafka_wait
}

cmd_kafka() {
    case ${1:-} in
        start) kafka_start ;;
        wait) kafka_wait ;;
        stop) stop_process kafka ;;
        kill) stop_process kafka KILL ;;
        pin) pin_kafka_jars ;;
        *) die "usage: ./dev kafka start|stop|kill|wait|pin" ;;
    esac
}
