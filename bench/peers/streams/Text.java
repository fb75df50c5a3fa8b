package streams;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A part of a byte array. */
final class Text {
    private static final byte[] NOTHING = {};

    byte[] bytes = NOTHING;
    int from, to;

    static Text of(String text) {
        Text result = new Text();
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        result.set(utf8, 0, utf8.length);
        return result;
    }

    void set(byte[] newBytes, int newFrom, int newTo) {
        bytes = newBytes;
        from = newFrom;
        to = newTo;
    }

    void clear() {
        set(NOTHING, 0, 0);
    }

    int length() {
        return to - from;
    }

    /** Copies it to `out`; returns the place behind it. */
    int put(byte[] out, int at) {
        System.arraycopy(bytes, from, out, at, length());
        return at + length();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Text text && Arrays.equals(bytes, from, to, text.bytes, text.from, text.to);
    }

    @Override
    public int hashCode() {
        int hash = 1;
        for (int i = from; i < to; i++) hash = 31 * hash + bytes[i];
        return hash;
    }

    @Override
    public String toString() {
        return new String(bytes, from, length(), StandardCharsets.UTF_8);
    }
}
