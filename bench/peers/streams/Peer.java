package streams;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** The process: purchases in, ledger records out, until it is told to stop. */
public final class Peer {
    private Peer() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> environment = System.getenv();
        String prefix = environment.getOrDefault("HY_TOPIC_PREFIX", "hy.");
        Program program = new Program(new ProgramFile(Path.of(System.getProperty("program"))));
        Topology topology = topology(prefix, program, environment.getOrDefault("PEER_STORE", "memory"));
        KafkaStreams streams = new KafkaStreams(topology, Settings.of(environment, prefix));
        streams.setUncaughtExceptionHandler(thrown -> {
            thrown.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.setStateListener((state, former) -> {
            if (state == KafkaStreams.State.ERROR) Runtime.getRuntime().halt(1); // what is not committed is done again
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(8))));
        streams.start();
    }

    private static Topology topology(String prefix, Program program, String kind) {
        StoreBuilder<?> members = Stores.keyValueStoreBuilder(store(kind), Serdes.ByteArray(), Serdes.ByteArray())
            .withLoggingEnabled(Map.of()).withCachingDisabled();
        ProcessorSupplier<byte[], byte[], byte[], byte[]> earning = new ProcessorSupplier<>() {
            @Override
            public Processor<byte[], byte[], byte[], byte[]> get() {
                return new PurchaseProcessor(program, kind.equals("memory"));
            }

            @Override
            public Set<StoreBuilder<?>> stores() {
                return Set.of(members);
            }
        };
        return new Topology()
            .addSource("purchases", new ByteArrayDeserializer(), new ByteArrayDeserializer(), prefix + "purchases")
            .addProcessor("earning", earning, "purchases")
            .addSink("ledger", prefix + "peer-ledger", new ByteArraySerializer(), new ByteArraySerializer(), "earning");
    }

    private static KeyValueBytesStoreSupplier store(String kind) {
        return switch (kind) {
            case "memory" -> new MemoryStore.Supplier(PurchaseProcessor.MEMBERS);
            case "memory-of-streams" -> Stores.inMemoryKeyValueStore(PurchaseProcessor.MEMBERS); // to compare with
            case "rocksdb" -> Stores.persistentKeyValueStore(PurchaseProcessor.MEMBERS);
            default -> throw new IllegalArgumentException("PEER_STORE is memory or rocksdb");
        };
    }
}
