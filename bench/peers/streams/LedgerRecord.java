package streams;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import net.jpountz.xxhash.XXHash64;
import net.jpountz.xxhash.XXHashFactory;

/** Writes a message Ledger of bench/peers/ledger.proto, at once in its exact size. */
final class LedgerRecord {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final XXHash64 HASH = XXHashFactory.fastestJavaInstance().hash64(); // a call of native code costs more than 200 bytes
    private static final int FIXED64 = 1, LENGTH_DELIMITED = 2;
    private static final int FIXED64_BYTES = 1 + Long.BYTES;

    private byte[] out;
    private int at;

    byte[] write(Purchase purchase, Program.Tier tier, Earning earning, long balanceAfter) {
        out = new byte[size(purchase, tier)];
        at = 0;
        text(1, purchase.id);
        text(2, purchase.memberId);
        fixed64(3, purchase.occurredAtMs);
        text(4, purchase.storeId);
        text(5, tier.id());
        fixed64(6, earning.points);
        fixed64(7, balanceAfter);
        for (int i = 0; i < purchase.lineCount; i++) line(purchase.lines[i], earning.linePoints[i]);
        fixed64(9, HASH.hash(purchase.bytes, 0, purchase.bytes.length, 0));
        return out;
    }

    private static int size(Purchase purchase, Program.Tier tier) {
        int size = sizeOf(purchase.id) + sizeOf(purchase.memberId) + sizeOf(purchase.storeId) + sizeOf(tier.id()) + 4 * FIXED64_BYTES;
        for (int i = 0; i < purchase.lineCount; i++) {
            int line = sizeOfLine(purchase.lines[i]);
            size += 1 + sizeOfVarint(line) + line;
        }
        return size;
    }

    private static int sizeOfLine(Purchase.Line line) {
        return sizeOf(line.id) + 2 * FIXED64_BYTES;
    }

    private static int sizeOf(Text text) {
        return 1 + sizeOfVarint(text.length()) + text.length();
    }

    private static int sizeOfVarint(int value) {
        int size = 1;
        for (; value >= 0x80; value >>>= 7) size++;
        return size;
    }

    private void line(Purchase.Line line, long points) {
        out[at++] = 8 << 3 | LENGTH_DELIMITED;
        varint(sizeOfLine(line));
        text(1, line.id);
        fixed64(2, line.paidFen);
        fixed64(3, points);
    }

    private void text(int field, Text text) {
        out[at++] = (byte) (field << 3 | LENGTH_DELIMITED);
        varint(text.length());
        at = text.put(out, at);
    }

    private void fixed64(int field, long value) {
        out[at++] = (byte) (field << 3 | FIXED64);
        LONG.set(out, at, value);
        at += Long.BYTES;
    }

    private void varint(int value) {
        for (; value >= 0x80; value >>>= 7) out[at++] = (byte) (value | 0x80);
        out[at++] = (byte) value;
    }
}
