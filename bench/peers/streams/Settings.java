package streams;

import static org.apache.kafka.streams.StreamsConfig.mainConsumerPrefix;
import static org.apache.kafka.streams.StreamsConfig.producerPrefix;

import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;

/** What differs from Kafka Streams' own settings. What each gained: README.md. */
final class Settings {
    private Settings() {}

    static Properties of(Map<String, String> environment, String prefix) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, prefix + "peer"); // the consumer group too
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, environment.getOrDefault("HY_KAFKA_BROKERS", "127.0.0.1:9092"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, environment.get("PEER_DIR"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Runtime.getRuntime().availableProcessors());
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        settings.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, RocksSettings.class);
        settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 10_000);

        settings.put(producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 20);
        settings.put(producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 128 * 1024);
        settings.put(producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 64 * 1024 * 1024);

        settings.put(mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 10_000);
        // A process that was killed comes back as itself, at once; and its open transaction holds nobody up for long.
        settings.put(mainConsumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), "peer");
        settings.put(producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG), 10_000);
        tryOut(settings, environment.getOrDefault("PEER_SET", ""));
        return settings;
    }

    /** name=value,name=value: to measure what one of them gains. */
    private static void tryOut(Properties settings, String list) {
        for (String setting : list.isEmpty() ? new String[0] : list.split(",")) {
            String[] parts = setting.split("=", 2);
            settings.put(parts[0], parts[1]);
        }
    }
}
