"""What the project aims at, and what of it was reached. A target is a row; its figures come from the results, never from here."""

import statistics
from collections import namedtuple

import gateway
from figures import grouped, spread, table
from report import growth, soak

# measured: results of all parts -> figures, one a round; at_least or at_most is None
Target = namedtuple("Target", "title goal at_least at_most form measured")

ZIPF, UNIFORM, MISSED = "Zipf", "uniform", "**missed**"


def rounds_of(results, part, key):
    return (results.get(part) or {}).get(key) or []


def throughput(results, system, load):
    return [one for one in rounds_of(results, "peers", "throughput") if one["system"] == system and one["load"].startswith(load)]


def warm(one):
    return one["inputs_per_s_second_half"]


def against(system, load):
    """Accrual's rate as a multiple of the peer's, round by round."""
    def measured(results):
        pairs = zip(throughput(results, "accrual", load), throughput(results, system, load))
        return [warm(ours) / warm(theirs) for ours, theirs in pairs if warm(ours) and warm(theirs)]
    return measured


def million(key, value):
    return lambda results: [value(one) for one in rounds_of(results, "peers", key)]


def latency(quantile):
    return lambda results: [one["visible"][quantile] for one in rounds_of(results, "peers", "latency")
                            if one["system"] == "accrual" and one["what"] == "10,000/s"]


def latency_alone(partitions, quantile):
    """Without the peers' turns in between."""
    return lambda results: [one["visible"][quantile] for one in rounds_of(results, "purchases", "latency") if one["partitions"] == partitions]


def memory_share(one):
    """Of what it may take: 400 B a cached member and 64 B a purchase."""
    return one["memory"]["service_bytes"] / (400 * one["memory"]["cached_members"] + 64 * one["check"]["purchases"])


def growth_deviation(results):
    points = rounds_of(results, "growth", "points")
    return [max(map(abs, growth.cost_deviations(points, name))) for name in growth.TITLES if any(one["curve"] == name for one in points)]


def soak_memory(results):
    return [soak.growth(results["soak"])] if results.get("soak") else []


def soak_faults(results):
    return [0 if soak.is_good(results["soak"]) else 1] if results.get("soak") else []


TARGETS = [
    Target("Zipf, 100,000 members: times Go with Redis", "≥ 1.5", 1.5, None, "{:.2f}", against("go-redis", ZIPF)),
    Target("Zipf, 100,000 members: times warm Kafka Streams in memory", "≥ 5", 5, None, "{:.2f}", against("streams-memory", ZIPF)),
    Target("uniform, 100,000 members: times Go with Redis", "≥ 1.1", 1.1, None, "{:.2f}", against("go-redis", UNIFORM)),
    Target("uniform, 1,000,000 members, warm: inputs/s", "≥ 250,000", 250_000, None, "{:,.0f}", million("million", warm)),
    Target("the same, a new process, every member in Redis: inputs/s", "≥ 120,000", 120_000, None, "{:,.0f}",
           million("million_cold", lambda one: one["inputs_per_s"])),
    Target("CPU of the service, Zipf: µs an input", "≤ 1.0", None, 1.0, "{:.2f}",
           lambda results: [one["cpu_us_per_input_second_half"]["service"] for one in throughput(results, "accrual", ZIPF)]),
    Target("publish → visible in Redis at 10,000/s, p50: ms", "≤ 5", None, 5, "{:.1f}", latency("p50_ms")),
    Target("the same, p99: ms", "≤ 12", None, 12, "{:.1f}", latency("p99_ms")),
    Target("the same with 4 partitions instead of 16, p50: ms", "≤ 5", None, 5, "{:.1f}", latency_alone(4, "p50_ms")),
    Target("the same with 4 partitions, p99: ms", "≤ 12", None, 12, "{:.1f}", latency_alone(4, "p99_ms")),
    Target("take-over of a partition, Redis warm: ms", "≤ 200", None, 200, "{:,.0f}",
           lambda results: [one["claim_to_running_ms"] for one in rounds_of(results, "purchases", "take_over")]),
    Target("`huiyuanctl rebuild`: records/s", "≥ 1,000,000", 1_000_000, None, "{:,.0f}",
           lambda results: [one["records_per_s"] for one in rounds_of(results, "purchases", "rebuild")]),
    Target("memory of the service, of 400 B a cached member + 64 B a purchase", "≤ 100 %", None, 1, "{:.0%}",
           lambda results: [memory_share(one) for one in rounds_of(results, "peers", "million")]),
    Target("growth: the cost of an event, furthest from the median of its curve", "≤ 20 %", None, growth.FLAT, "{:.0%}", growth_deviation),
    Target("soak: memory of the service in the last third, more than in the middle one", "≤ 5 %", None, soak.FLAT, "{:+.1%}", soak_memory),
    Target("soak: no lag left, every sum right, `verify` good: faults", "0", None, 0, "{:d}", soak_faults),
]
WORK = (
    "an input costs more CPU than a peer's. Beside what the peers do it is checked field by field, hashed, weighed by the program's rules, written down with a "
    "posting and its rule for each line, chained by SHA-256, kept as a receipt that a return can take back, and shown in Redis with that receipt (*Where the "
    "time goes* has each part). The log's record is longer than theirs for the same reason, which librdkafka, the broker and the page cache pay for too. And one "
    "thread decides, which waits for a core while another is idle (the last table there). What librdkafka takes for fetching alone is a good part of the "
    "goal for CPU."
)
REQUESTS = (
    "requests, not purchases: librdkafka sends one for each partition, so load maker and accrual make a request for every few purchases, and what the broker "
    "needs for a request is most of what both cores are busy with (*The purchase path alone*: CPU by partitions). With fewer partitions there are fewer "
    "requests: the next rows."
)
MEMORY = (
    "a purchase takes more than 64 B (*Growth*, memory of the service): it is its receipt as Redis holds it too (*Soak*: what one adds there), with the id as a "
    "text, the content's hash, the place of its record and the note from which a repeat gets the first answer; and in memory a slot to find it by, and "
    "room to grow. Messages that are fetched ahead and blocks under way take their part beside it, whatever is cached."
)
# What stops us where a target is missed, by its title: said here once a profile has shown it, never guessed. Figures stand in the tables named.
LIMITS = {
    "Zipf, 100,000 members: times Go with Redis": WORK, "Zipf, 100,000 members: times warm Kafka Streams in memory": WORK,
    "uniform, 100,000 members: times Go with Redis": WORK, "CPU of the service, Zipf: µs an input": WORK,
    "memory of the service, of 400 B a cached member + 64 B a purchase": MEMORY,
    "publish → visible in Redis at 10,000/s, p50: ms": REQUESTS, "the same, p99: ms": REQUESTS,
    "uniform, 1,000,000 members, warm: inputs/s":
        "the CPU of three programs together, of which nearly each input's state in Redis takes a third (*Growth*, members); at the machine's better hours it was reached.",
    "growth: the cost of an event, furthest from the median of its curve":
        "the members. With more of them an input shares its member's state with fewer others of its block, so Redis gets more states, and the "
        "member is in no cache of the processor (*Growth*, below the tables of its first curve).",
    "member page under wrk: requests/s, of a bare libmicrohttpd handler's":
        "CPU: the column *by CPU alone* is what two cores leave to a page that asks Redis, and what was measured is about that. "
        "With more connections a worker asks Redis for several pages at once.",
    "purchase round trip under wrk, the same":
        "a purchase is written to Kafka twice and to Redis once before it is answered. What broker, Redis and wrk take would leave less than the goal even to a "
        "gateway and an accrual that cost nothing (column *rest alone*).",
    "purchases at 2,000/s, p99: ms":
        "a purchase that comes alone pays for whole requests: its own append, a fetch, the append of its record. The column *cores in use* says how little of "
        "the two cores is free at this rate; what waits, waits for a core.",
}
# Of a set of unlike figures the worst counts, of rounds the median.
WORST = (growth_deviation,)


def reached(target, figures):
    value = max(figures) if target.measured in WORST else statistics.median(figures)
    return value >= target.at_least if target.at_least is not None else value <= target.at_most


def own_targets(results):
    """The gateway's are with its measurement: {"title", "goal", "at_least" or "at_most", "form", "figures"}."""
    for one in gateway.targets(results.get("gateway", {"under_wrk": [], "offered": []})):
        yield Target(one["title"], one["goal"], one.get("at_least"), one.get("at_most"), one["form"], lambda _, one=one: one["figures"])


def row(target, results):
    figures = [one for one in target.measured(results) if one is not None]
    if not figures:
        return [target.title, target.goal, "–", "not measured"]
    shown = target.form.format(max(figures)) if target.measured in WORST else spread(figures, target.form)
    return [target.title, target.goal, shown, "reached" if reached(target, figures) else MISSED]


def render(results):
    rows = [row(target, results) for target in [*TARGETS, *own_targets(results)]]
    missed = [title for title, *_, verdict in rows if verdict == MISSED and title in LIMITS]
    limits = [f"- {'; '.join(f'*{title}*' for title in titles)}: {why}" for why, titles in grouped(missed, LIMITS.get)]
    return table(["", "target", "measured", ""], rows) + ("\nWhat stops us:\n\n" + "\n".join(limits) + "\n" if limits else "")
