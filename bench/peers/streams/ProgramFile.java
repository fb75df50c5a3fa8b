package streams;

import java.io.IOException;
import java.io.Reader;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.representer.Representer;
import org.yaml.snakeyaml.resolver.Resolver;

/** deploy/dev/program.yaml. What it could say and this does not know is refused. Factors and money count hundredths. */
final class ProgramFile {
    private static final List<String> CHANNELS = List.of("", "STORE", "ONLINE", "APP", "MINI_PROGRAM", "PARTNER"); // purchases.proto

    private final Map<String, Object> program, earning;

    ProgramFile(Path file) throws IOException {
        try (Reader in = Files.newBufferedReader(file)) {
            program = textOnly().load(in);
        }
        earning = map(program.get("earning"));
        if (!"floor".equals(earning.get("rounding"))) throw new IllegalArgumentException("rounding: only floor is known here");
    }

    long base() {
        return hundredths(earning.get("points_per_yuan"));
    }

    long minimumSpendFen() {
        return hundredths(earning.get("minimum_spend"));
    }

    ZoneId zone() {
        return ZoneId.of((String) program.get("time_zone"));
    }

    /** All that a line could be multiplied by. */
    Stream<Long> factors() {
        Stream<Long> rules = Stream.of("tiers", "categories", "campaigns").flatMap(name -> rules(name).stream())
            .map(rule -> hundredths(rule.get("multiplier")));
        return Stream.concat(Stream.of(base()), rules);
    }

    List<Program.Tier> tiers(long unit) {
        return rules("tiers").stream()
            .map(tier -> new Program.Tier(Text.of((String) tier.get("id")), factor(tier, unit))).toList();
    }

    /** A category that two rules name belongs to the first. */
    Map<Text, Long> categories(long unit) {
        Map<Text, Long> factors = new HashMap<>();
        for (Map<String, Object> rule : rules("categories"))
            for (Text name : set(rule.get("categories"), Text::of)) factors.putIfAbsent(name, factor(rule, unit));
        return factors;
    }

    List<Program.Campaign> campaigns(long unit) {
        return rules("campaigns").stream().map(rule -> campaign(rule, unit)).toList();
    }

    private static Program.Campaign campaign(Map<String, Object> rule, long unit) {
        Map<String, Object> when = new HashMap<>(map(rule.getOrDefault("when", Map.of())));
        Program.Campaign campaign = new Program.Campaign(factor(rule, unit), "true".equals(rule.get("stackable")),
            set(when.remove("stores"), Text::of),
            set(when.remove("channels"), ProgramFile::channel),
            set(when.remove("weekdays"), name -> DayOfWeek.valueOf(name.toUpperCase(Locale.ROOT))),
            day(when.remove("from"), LocalDate.MIN), day(when.remove("to"), LocalDate.MAX),
            set(when.remove("categories"), Text::of), set(when.remove("brands"), Text::of),
            when.containsKey("minimum_spend") ? hundredths(when.remove("minimum_spend")) : 0);
        if (!when.isEmpty()) throw new IllegalArgumentException("conditions that are not known here: " + when.keySet());
        return campaign;
    }

    private static int channel(String name) {
        int number = CHANNELS.indexOf(name);
        if (number <= 0) throw new IllegalArgumentException("no such channel: " + name);
        return number;
    }

    // --- YAML ---

    /** No number is read as a binary fraction, no date as a time. */
    private static Yaml textOnly() {
        Resolver nothing = new Resolver() {
            @Override
            protected void addImplicitResolvers() {
                // a scalar is a text
            }
        };
        DumperOptions dumper = new DumperOptions();
        LoaderOptions loader = new LoaderOptions();
        return new Yaml(new SafeConstructor(loader), new Representer(dumper), dumper, loader, nothing);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object node) {
        return (Map<String, Object>) node;
    }

    @SuppressWarnings("unchecked")
    private List<Map<String, Object>> rules(String name) {
        return (List<Map<String, Object>>) program.get(name);
    }

    @SuppressWarnings("unchecked")
    private static <T> Set<T> set(Object node, Function<String, T> read) {
        return node == null ? Set.of() : ((List<String>) node).stream().map(read).collect(Collectors.toSet());
    }

    private static LocalDate day(Object node, LocalDate otherwise) {
        return node == null ? otherwise : LocalDate.parse((String) node);
    }

    private static long hundredths(Object node) {
        return new BigDecimal((String) node).movePointRight(2).longValueExact();
    }

    private static long factor(Map<String, Object> rule, long unit) {
        return hundredths(rule.get("multiplier")) / unit;
    }
}
