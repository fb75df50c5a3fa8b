package streams;

import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;

/**
 * What a purchase earns, in exact integers. The points of a line are
 *   paid_fen/100 × base × category × tier × campaign × each stackable campaign × money_fen/total_fen,
 * rounded down once for the whole order; what the lines' own whole points leave of that goes, one each, to the lines with the
 * largest remainders, of equal ones to the earlier. One object is used again for every purchase.
 */
final class Earning {
    private final Program program;
    long points;                 // of the order
    long[] linePoints = new long[8];
    private long[] exact = new long[8]; // points of a line × denominator, then what its whole points leave of it
    private long candidates;     // campaigns
    private long share, denominator;
    private long dayBeginsMs, dayEndsMs, campaignsOfDay; // purchases come by and large in the order of time

    Earning(Program program) {
        this.program = program;
    }

    void calculate(Purchase purchase, long tierFactor) {
        points = 0;
        if (linePoints.length < purchase.lineCount) {
            linePoints = new long[purchase.lineCount];
            exact = new long[purchase.lineCount];
        }
        Arrays.fill(linePoints, 0, purchase.lineCount, 0);
        long moneyFen = purchase.moneyFen();
        if (moneyFen == 0 || moneyFen < program.minimumSpendFen) return;
        candidates = campaignsFor(purchase, moneyFen);
        takeShare(moneyFen, purchase.totalFen());
        shareOut(calculateLines(purchase, tierFactor), purchase.lineCount);
    }

    /** Those that may apply to a line of the order. */
    private long campaignsFor(Purchase purchase, long moneyFen) {
        long found = 0;
        for (long left = campaignsAt(purchase.occurredAtMs); left != 0; left &= left - 1)
            if (program.campaigns.get(Long.numberOfTrailingZeros(left)).holdsFor(purchase, moneyFen)) found |= Long.lowestOneBit(left);
        return found;
    }

    private long campaignsAt(long timeMs) {
        if (timeMs < dayBeginsMs || timeMs >= dayEndsMs) {
            LocalDate day = LocalDate.ofInstant(Instant.ofEpochMilli(timeMs), program.zone);
            dayBeginsMs = day.atStartOfDay(program.zone).toInstant().toEpochMilli();
            dayEndsMs = day.plusDays(1).atStartOfDay(program.zone).toInstant().toEpochMilli();
            campaignsOfDay = program.campaignsOn(day);
        }
        return campaignsOfDay;
    }

    /** All lines have one denominator. */
    private void takeShare(long moneyFen, long totalFen) {
        share = 1;
        denominator = 100; // fen in a yuan
        for (int factors = 4 + Long.bitCount(candidates & program.stackable); factors > 0; factors--) denominator *= program.neutral;
        if (moneyFen == totalFen) return;
        share = moneyFen;
        denominator = Math.multiplyExact(denominator, totalFen);
    }

    /** The order's whole points. */
    private long calculateLines(Purchase purchase, long tierFactor) {
        long sum = 0;
        for (int i = 0; i < purchase.lineCount; i++) {
            Purchase.Line line = purchase.lines[i];
            exact[i] = Math.multiplyExact(Math.multiplyExact(line.paidFen, program.base * tierFactor * factorOf(line)), share);
            sum = Math.addExact(sum, exact[i]);
        }
        points = sum / denominator;
        return points;
    }

    private long factorOf(Purchase.Line line) {
        Program.Category category = program.category(line.category);
        long applying = candidates & category.campaigns() & program.campaignsForBrand(line.brand);
        long best = 0, product = category.factor();
        for (long left = applying & ~program.stackable; left != 0; left &= left - 1)
            best = Math.max(best, program.campaigns.get(Long.numberOfTrailingZeros(left)).factor());
        product *= best == 0 ? program.neutral : best;
        for (long left = candidates & program.stackable; left != 0; left &= left - 1) {
            boolean applies = (applying & Long.lowestOneBit(left)) != 0;
            product *= applies ? program.campaigns.get(Long.numberOfTrailingZeros(left)).factor() : program.neutral;
        }
        return product;
    }

    private void shareOut(long whole, int lineCount) {
        for (int i = 0; i < lineCount; i++) {
            linePoints[i] = exact[i] / denominator;
            exact[i] -= linePoints[i] * denominator;
            whole -= linePoints[i];
        }
        for (; whole > 0; whole--) {
            int largest = 0;
            for (int i = 1; i < lineCount; i++)
                if (exact[i] > exact[largest]) largest = i;
            linePoints[largest]++;
            exact[largest] = -1;
        }
    }
}
