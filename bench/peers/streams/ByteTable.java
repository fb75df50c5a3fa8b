package streams;

import java.util.Arrays;
import net.jpountz.xxhash.XXHash64;
import net.jpountz.xxhash.XXHashFactory;

/**
 * A hash table of byte strings with values of one size, all in two arrays: no object for an entry, so that the garbage collector
 * has nothing to follow and a look-up misses the processor's cache twice instead of five times. Nothing is ever taken out.
 */
final class ByteTable {
    private static final XXHash64 HASH = XXHashFactory.fastestJavaInstance().hash64();
    private static final int KEY_LIMIT_BYTES = 0xff;

    private final int valueBytes;
    private long[] slots = new long[1024]; // upper half: that of the hash; lower half: 1 + place of the entry; 0: free
    private byte[] entries = new byte[16 * 1024]; // length of the key, key, value
    private int used, count;

    ByteTable(int valueBytes) {
        this.valueBytes = valueBytes;
    }

    int count() {
        return count;
    }

    /** Where the value of the key begins, or -1. */
    int find(byte[] key, int length) {
        long hash = hash(key, 0, length);
        int slot = slotOf(key, length, hash);
        return slots[slot] == 0 ? -1 : valueOf(slots[slot]);
    }

    /** False when the key is there already; then its value stays. */
    boolean add(byte[] key, int length, byte[] value) {
        long hash = hash(key, 0, length);
        int slot = slotOf(key, length, hash);
        if (slots[slot] != 0) return false;
        append(slot, key, length, hash);
        write(valueOf(slots[slot]), value);
        if (++count > slots.length / 2) grow();
        return true;
    }

    void put(byte[] key, int length, byte[] value) {
        int at = find(key, length);
        if (at < 0) add(key, length, value);
        else write(at, value);
    }

    byte[] value(int at) {
        return Arrays.copyOfRange(entries, at, at + valueBytes);
    }

    private void write(int at, byte[] value) {
        System.arraycopy(value, 0, entries, at, valueBytes);
    }

    /** The slot that holds the key, or the free one in which it belongs. */
    private int slotOf(byte[] key, int length, long hash) {
        int mask = slots.length - 1;
        for (int slot = (int) hash & mask;; slot = (slot + 1) & mask) {
            long content = slots[slot];
            if (content == 0 || (content ^ hash) >>> 32 == 0 && holds(content, key, length)) return slot;
        }
    }

    private boolean holds(long content, byte[] key, int length) {
        int at = (int) content;
        return keyBytes(content) == length && Arrays.equals(entries, at, at + length, key, 0, length);
    }

    private int keyBytes(long content) {
        return entries[(int) content - 1] & KEY_LIMIT_BYTES;
    }

    private int valueOf(long content) {
        return (int) content + keyBytes(content);
    }

    private void append(int slot, byte[] key, int length, long hash) {
        if (length > KEY_LIMIT_BYTES) throw new IllegalArgumentException("a key of more than " + KEY_LIMIT_BYTES + " bytes");
        int end = Math.addExact(used, 1 + length + valueBytes);
        if (end > entries.length) entries = Arrays.copyOf(entries, Math.multiplyExact(2, entries.length));
        entries[used] = (byte) length;
        System.arraycopy(key, 0, entries, used + 1, length);
        slots[slot] = content(hash, used);
        used = end;
    }

    private static long content(long hash, int at) {
        return hash >>> 32 << 32 | at + 1;
    }

    private void grow() {
        slots = new long[4 * slots.length];
        int mask = slots.length - 1;
        for (int at = 0; at < used; at = valueOf(at + 1) + valueBytes) {
            long hash = hash(entries, at + 1, entries[at] & KEY_LIMIT_BYTES);
            int slot = (int) hash & mask;
            while (slots[slot] != 0) slot = (slot + 1) & mask;
            slots[slot] = content(hash, at);
        }
    }

    private static long hash(byte[] bytes, int from, int length) {
        return HASH.hash(bytes, from, length, 0);
    }
}
