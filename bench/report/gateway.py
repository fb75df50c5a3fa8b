"""The section of `bench gateway`."""

from figures import grouped, spread, table

PARTS = ("gateway", "accrual", "broker", "redis", "wrk")


def rounds_of(results, what, connections):
    return [one for one in results["under_wrk"] if (one["what"], one["connections"]) == (what, connections)]


def with_bare(results, what, connections):
    """Its rounds, each with the bare handler's under the same load."""
    bare = "bare, taking a purchase" if "purchase" in what else "bare, turned"
    return zip(rounds_of(results, what, connections), rounds_of(results, bare, connections))


def shares(results, what, connections):
    """Of what the bare handler answered, round by round."""
    return [one["rate"] / bare["rate"] for one, bare in with_bare(results, what, connections)]


def by_cpu_alone(results, what, connections):
    """What it could be of the bare handler's rate if CPU were all that counts, the bare handler and wrk against all parts and wrk, round by
    round; and likewise if gateway and accrual cost nothing."""
    if what.startswith("bare"):
        return "–", "–"
    pairs = [(one["cpu_us"], sum(bare["cpu_us"].values())) for one, bare in with_bare(results, what, connections)]
    return (spread((bare / sum(cpu.values()) for cpu, bare in pairs), "{:.0%}"),
            spread((bare / sum(cpu[part] for part in ("broker", "redis", "wrk")) for cpu, bare in pairs), "{:.0%}"))


def under_wrk(results):
    for (what, connections), group in grouped(results["under_wrk"], lambda one: (one["what"], one["connections"])):
        cpu = [spread((one["cpu_us"].get(part, one["cpu_us"].get("bare") if part == "gateway" else None) for one in group), "{:.1f}") for part in PARTS]
        yield [what, str(connections), spread(one["rate"] for one in group), spread(shares(results, what, connections), "{:.0%}"),
               *by_cpu_alone(results, what, connections), *(spread((one[f"{q}_ms"] for one in group), "{:.1f}") for q in ("p50", "p99")), *cpu]


def offered(results):
    for rate, group in grouped(results["offered"], lambda one: one["offered"]):
        yield [f"{rate:,}/s offered", str(group[0]["connections"]), spread(one["rate"] for one in group),
               *(spread((one["latency"][f"{q}_ms"] for one in group), "{:.1f}") for q in ("p50", "p99", "p999")),
               *(spread((one["cpu_us_per_input"][part] for one in group), "{:.0f}") for part in ("gateway", "service", "broker", "redis")),
               spread((sum(one["cpu_us_per_input"].values()) * rate / 1e6 for one in group), "{:.2f}")]


def plots(_):
    return []


def render(results):
    return f"""
wrk with one thread asks over connections that stay open, each again when it has its answer. The bare handler is libmicrohttpd with the
gateway's flags and limits, which answers {results["page_bytes"]} constant bytes, as many as a member's page has; "turned" as the gateway's workers
turn theirs, "pool" by libmicrohttpd's own threads; both with two. {results["members"]:,} members; each purchase has an id of its own, three lines, and is
answered 201: durable, and visible in Redis, where they were counted afterwards. What is compared takes turns within each round. *By CPU alone*:
what share would be left if nothing but the CPU of all parts counted, since they share the cores; *rest alone*: the same if gateway and accrual took none.

{table(["", "connections", "requests/s", "of bare", "by CPU alone", "rest alone", "p50 ms", "p99 ms", "CPU µs: gateway or bare", "accrual", "broker", "Redis", "wrk"], under_wrk(results))}
With an offered rate, from the moment the request was due; the time in which the broker compiles its code is not counted.

{table(["", "connections", "answers/s", "p50 ms", "p99 ms", "p99.9 ms", "CPU µs: gateway", "accrual", "broker", "Redis", "cores in use"], offered(results))}"""
