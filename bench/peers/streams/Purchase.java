package streams;

import java.util.Arrays;

/**
 * A purchase as it came, read in place from the wire format of proto/purchases.proto: one object is used again for every
 * input, texts stay where they are in the message. Generated classes would make some 25 objects for each.
 */
final class Purchase {
    static final class Line {
        final Text id = new Text(), category = new Text(), brand = new Text();
        long paidFen;

        private void clear() {
            id.clear();
            category.clear();
            brand.clear();
            paidFen = 0;
        }
    }

    private static final int VARINT = 0, FIXED64 = 1, LENGTH_DELIMITED = 2, FIXED32 = 5;
    private static final int GIFT_CARD = 6, POINTS_PAID = 7; // earn nothing

    byte[] bytes; // of the whole message
    final Text id = new Text(), memberId = new Text(), storeId = new Text();
    int channel;
    long occurredAtMs;
    Line[] lines = new Line[0];
    int lineCount;
    private int paymentCount;
    private long paymentsInMoneyFen;
    private int at;

    long totalFen() {
        long total = 0;
        for (int i = 0; i < lineCount; i++) total += lines[i].paidFen;
        return total;
    }

    /** No payments named: all of it was money. */
    long moneyFen() {
        return paymentCount == 0 ? totalFen() : paymentsInMoneyFen;
    }

    void read(byte[] message) {
        clear(message);
        boolean found = false;
        while (at < bytes.length) {
            int tag = (int) varint();
            if (tag == (1 << 3 | LENGTH_DELIMITED)) {
                readPurchase(end());
                found = true;
            } else {
                skip(tag);
            }
        }
        if (!found) throw new IllegalArgumentException("a store event without a purchase");
    }

    private void clear(byte[] message) {
        bytes = message;
        at = 0;
        id.clear();
        memberId.clear();
        storeId.clear();
        channel = 0;
        occurredAtMs = 0;
        lineCount = 0;
        paymentCount = 0;
        paymentsInMoneyFen = 0;
    }

    private void readPurchase(int end) {
        while (at < end) {
            int tag = (int) varint();
            switch (tag) {
                case 1 << 3 | LENGTH_DELIMITED -> text(id);
                case 2 << 3 | LENGTH_DELIMITED -> text(memberId);
                case 3 << 3 | LENGTH_DELIMITED -> text(storeId);
                case 4 << 3 | VARINT -> channel = (int) varint();
                case 5 << 3 | VARINT -> occurredAtMs = varint();
                case 6 << 3 | LENGTH_DELIMITED -> readLine(nextLine(), end());
                case 7 << 3 | LENGTH_DELIMITED -> readPayment(end());
                default -> skip(tag);
            }
        }
    }

    private Line nextLine() {
        if (lineCount == lines.length) {
            lines = Arrays.copyOf(lines, lineCount + 8);
            for (int i = lineCount; i < lines.length; i++) lines[i] = new Line();
        }
        Line line = lines[lineCount++];
        line.clear();
        return line;
    }

    private void readLine(Line line, int end) {
        while (at < end) {
            int tag = (int) varint();
            switch (tag) {
                case 1 << 3 | LENGTH_DELIMITED -> text(line.id);
                case 3 << 3 | LENGTH_DELIMITED -> text(line.category);
                case 4 << 3 | LENGTH_DELIMITED -> text(line.brand);
                case 6 << 3 | VARINT -> line.paidFen = varint();
                default -> skip(tag);
            }
        }
    }

    private void readPayment(int end) {
        int method = 0;
        long amountFen = 0;
        while (at < end) {
            int tag = (int) varint();
            switch (tag) {
                case 1 << 3 | VARINT -> method = (int) varint();
                case 2 << 3 | VARINT -> amountFen = varint();
                default -> skip(tag);
            }
        }
        paymentCount++;
        if (method != GIFT_CARD && method != POINTS_PAID) paymentsInMoneyFen += amountFen;
    }

    private void text(Text text) {
        int end = end();
        text.set(bytes, at, end);
        at = end;
    }

    /** Where a field with a length ends. */
    private int end() {
        long length = varint();
        if (length < 0 || length > bytes.length - at) throw new IllegalArgumentException("a field longer than its message");
        return at + (int) length;
    }

    private long varint() {
        byte first = bytes[at++];
        if (first >= 0) return first;
        long value = first & 0x7f;
        for (int shift = 7; shift < 64; shift += 7) {
            byte next = bytes[at++];
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) return value;
        }
        throw new IllegalArgumentException("a varint of more than ten bytes");
    }

    private void skip(int tag) {
        switch (tag & 7) {
            case VARINT -> varint();
            case FIXED64 -> at += 8;
            case LENGTH_DELIMITED -> at = end();
            case FIXED32 -> at += 4;
            default -> throw new IllegalArgumentException("not protobuf");
        }
    }
}
