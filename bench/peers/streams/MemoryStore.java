package streams;

import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.StateRestoreCallback;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.query.Position;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The members in memory. Written is one entry for each purchase: its key with the member's state after it. Read are the member's
 * state, which is that of the last entry, and whether a purchase is there. So the changelog has one record for an input instead
 * of two; it is read again in the order in which it was written, and no two entries have one key, so compaction leaves it whole.
 */
final class MemoryStore implements KeyValueStore<Bytes, byte[]> {
    record Supplier(String name) implements KeyValueBytesStoreSupplier {
        @Override
        public KeyValueStore<Bytes, byte[]> get() {
            return new MemoryStore(name);
        }

        @Override
        public String metricsScope() {
            return "in-memory";
        }
    }

    private final String name;
    private ByteTable members, purchases;
    private final Position position = Position.emptyPosition(); // for queries from outside, of which there are none
    private boolean open;

    private MemoryStore(String name) {
        this.name = name;
    }

    @Override
    public void init(StateStoreContext context, StateStore root) {
        members = new ByteTable(Member.BYTES); // a task that comes back to life takes the same object again
        purchases = new ByteTable(0);
        context.register(root, (StateRestoreCallback) (key, value) -> putIfAbsent(Bytes.wrap(key), value));
        open = true;
    }

    /** The state of a member. */
    @Override
    public byte[] get(Bytes memberKey) {
        int at = members.find(memberKey.get(), memberKey.get().length);
        return at < 0 ? null : members.value(at);
    }

    /** Not null: the purchase is there already, and nothing changes. */
    @Override
    public byte[] putIfAbsent(Bytes purchaseKey, byte[] memberAfter) {
        byte[] key = purchaseKey.get();
        if (!purchases.add(key, key.length, memberAfter)) return memberAfter;
        members.put(key, Member.keyBytes(key), memberAfter);
        return null;
    }

    @Override
    public long approximateNumEntries() {
        return purchases.count();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean persistent() {
        return false;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public Position getPosition() {
        return position;
    }

    @Override
    public void flush() {
        // nothing is kept elsewhere
    }

    @Override
    public void close() {
        open = false;
        members = purchases = null;
    }

    // --- what this peer does not do ---

    @Override
    public void put(Bytes key, byte[] value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void putAll(List<KeyValue<Bytes, byte[]>> entries) {
        throw new UnsupportedOperationException();
    }

    @Override
    public byte[] delete(Bytes key) {
        throw new UnsupportedOperationException();
    }

    @Override
    public KeyValueIterator<Bytes, byte[]> range(Bytes from, Bytes to) {
        throw new UnsupportedOperationException();
    }

    @Override
    public KeyValueIterator<Bytes, byte[]> all() {
        throw new UnsupportedOperationException();
    }
}
