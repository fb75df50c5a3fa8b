package streams;

import java.math.BigInteger;
import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The rules of the program, made ready for fast look-up: campaigns are bits. Never changes: all threads share it. */
final class Program {
    record Tier(Text id, long factor) {}

    /** What a line's category says: a factor, and the campaigns that take it. */
    record Category(long factor, long campaigns) {}

    /** Conditions that are empty hold for all. */
    record Campaign(long factor, boolean stackable, Set<Text> stores, Set<Integer> channels, Set<DayOfWeek> weekdays,
                    LocalDate from, LocalDate to, Set<Text> categories, Set<Text> brands, long minimumFen) {
        boolean holdsOn(LocalDate day) {
            return !day.isBefore(from) && !day.isAfter(to) && allows(weekdays, day.getDayOfWeek());
        }

        boolean holdsFor(Purchase purchase, long moneyFen) {
            return moneyFen >= minimumFen && allows(channels, purchase.channel) && allows(stores, purchase.storeId);
        }

        static <T> boolean allows(Set<T> some, T value) {
            return some.isEmpty() || some.contains(value);
        }
    }

    final long neutral; // a factor of 1.00: 100 divided by what all factors can be divided by, so that products stay small
    final long base;
    final long minimumSpendFen;
    final List<Tier> tiers;
    final List<Campaign> campaigns;
    final long stackable;
    final ZoneId zone;
    private final Map<Text, Category> categories = new HashMap<>();
    private final Map<Text, Long> brands = new HashMap<>();
    private final Category otherCategory;
    private final Long otherBrand;

    Program(ProgramFile file) {
        long unit = file.factors().reduce(100L, Program::greatestCommonDivisor);
        neutral = 100 / unit;
        base = file.base() / unit;
        minimumSpendFen = file.minimumSpendFen();
        zone = file.zone();
        tiers = file.tiers(unit);
        campaigns = file.campaigns(unit);
        if (campaigns.size() > Long.SIZE) throw new IllegalArgumentException("more campaigns than bits");
        stackable = campaignsThat(Campaign::stackable);
        otherCategory = new Category(neutral, campaignsThat(campaign -> campaign.categories.isEmpty()));
        otherBrand = campaignsThat(campaign -> campaign.brands.isEmpty());
        Map<Text, Long> factors = file.categories(unit);
        Stream.concat(factors.keySet().stream(), campaigns.stream().flatMap(campaign -> campaign.categories.stream()))
            .forEach(name -> categories.put(name, new Category(factors.getOrDefault(name, neutral),
                campaignsThat(campaign -> Campaign.allows(campaign.categories, name)))));
        campaigns.stream().flatMap(campaign -> campaign.brands.stream())
            .forEach(name -> brands.put(name, campaignsThat(campaign -> Campaign.allows(campaign.brands, name))));
    }

    private static long greatestCommonDivisor(long a, long b) {
        return BigInteger.valueOf(a).gcd(BigInteger.valueOf(b)).longValueExact();
    }

    private long campaignsThat(Predicate<Campaign> condition) {
        long found = 0;
        for (int i = 0; i < campaigns.size(); i++)
            if (condition.test(campaigns.get(i))) found |= 1L << i;
        return found;
    }

    Category category(Text name) {
        return categories.getOrDefault(name, otherCategory);
    }

    long campaignsOn(LocalDate day) {
        return campaignsThat(campaign -> campaign.holdsOn(day));
    }

    long campaignsForBrand(Text name) {
        return brands.getOrDefault(name, otherBrand);
    }
}
