package streams;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.HashLinkedListMemTableConfig;
import org.rocksdb.Options;

/** What differs from Kafka Streams' own settings of RocksDB: entries are looked up by their whole key and never in order. */
public final class RocksSettings implements RocksDBConfigSetter {
    private static final int WHOLE_KEY_BYTES = 1024;
    private static final int BUCKETS = 400_000; // of 8 bytes
    private static final long WRITE_BUFFER_BYTES = 64L * 1024 * 1024;

    @Override
    public void setConfig(String storeName, Options options, Map<String, Object> configs) {
        options.useCappedPrefixExtractor(WHOLE_KEY_BYTES); // what is hashed
        options.setMemTableConfig(new HashLinkedListMemTableConfig().setBucketCount(BUCKETS));
        options.setAllowConcurrentMemtableWrite(false); // which that table cannot; a store has one writer anyway
        options.setWriteBufferSize(WRITE_BUFFER_BYTES);
    }

    @Override
    public void close(String storeName, Options options) {
        // nothing of its own
    }
}
