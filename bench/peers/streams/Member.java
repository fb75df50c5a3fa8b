package streams;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** A member's state as bytes: the balance (little endian), the place of the tier in the program. And the keys of the stores. */
final class Member {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int TIER_AT = Long.BYTES;
    static final int BYTES = TIER_AT + 1;

    private Member() {}

    static byte[] of(long balance, int tier) {
        byte[] member = new byte[BYTES];
        LONG.set(member, 0, balance);
        member[TIER_AT] = (byte) tier;
        return member;
    }

    /** Of a member of whom nothing is known yet (null): nothing, and the first tier. */
    static long balance(byte[] member) {
        return member == null ? 0 : (long) LONG.get(member, 0);
    }

    static int tier(byte[] member) {
        return member == null ? 0 : member[TIER_AT];
    }

    /** Member id, a zero byte, purchase id. */
    static byte[] purchaseKey(Purchase purchase) {
        byte[] key = new byte[purchase.memberId.length() + 1 + purchase.id.length()];
        purchase.id.put(key, purchase.memberId.put(key, 0) + 1);
        return key;
    }

    /** How much of a purchase's key is the member's. */
    static int keyBytes(byte[] purchaseKey) {
        int length = 0;
        while (purchaseKey[length] != 0) length++;
        return length;
    }
}
