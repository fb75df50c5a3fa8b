"""The section of `bench purchases`."""

import statistics

from figures import grouped, mebi, spread, table

GOALS = {"uniform": 150_000, "Zipf": 400_000}  # inputs a second


def throughput(rounds, cold):
    rows = []
    for name, group in [*grouped(rounds, lambda one: one["load"]), *grouped(cold, lambda one: one["load"] + "; broker cold")]:
        cpu = [spread((one["cpu_us_per_input"][part] for one in group), "{:.2f}") for part in ("service", "broker", "redis")]
        rows.append([name, spread(one["inputs_per_s"] for one in group), spread(one["inputs_per_s_second_half"] for one in group), *cpu])
    memory = []
    for name, group in grouped(rounds, lambda one: one["load"]):
        sizes = [one["memory"] for one in group]
        memory.append([name, mebi(size["service_bytes"] for size in sizes), mebi(size["service_peak_bytes"] for size in sizes),
                       mebi(size["broker_bytes"] for size in sizes), mebi(size["redis_bytes"] for size in sizes),
                       spread((size["redis_bytes"] / one["check"]["members"] for size, one in zip(sizes, group)))])
    inputs = rounds[0]["inputs"] if rounds else 0
    return f"""
### Inputs a second, from a prefilled topic

{inputs:,} purchases of about 3 lines ({rounds[0]['input_bytes'] / inputs:.0f} bytes a message), one in a hundred sent twice; 16 partitions; the service as shipped.
The clock runs from the first input taken until the last one is visible in Redis. In the second half most members are known already.
CPU counts the whole process from its start on. The broker has met each load once before: of that first round, in which it compiles its
code, tell the rows "broker cold".

{table(["load", "inputs/s", "second half", "CPU µs an input: service", "broker", "Redis"], rows)}
{table(["load", "service MiB", "its peak", "broker MiB", "Redis MiB", "Redis bytes a member"], memory)}"""


def latency(rounds):
    if not rounds:
        return ""
    rows, cpu = [], []
    for partitions, group in grouped(rounds, lambda one: one["partitions"]):
        for what, title in (("visible", "publish → visible in Redis"), ("acknowledged", "publish → acknowledged by Kafka"),
                            ("behind_schedule", "the load maker behind its schedule")):
            rows.append([str(partitions), title, *(spread((one[what][f"{q}_ms"] for one in group), "{:.1f}") for q in ("p50", "p99", "p999", "max"))])
        cpu.append([str(partitions), *(spread((one["cpu_us_per_input"][part] for one in group), "{:.1f}") for part in ("service", "broker", "redis"))])
    return f"""
### Latency at {rounds[0]['rate']:,} purchases a second, in ms

Open loop: a latency begins when the purchase was *scheduled*. One in {rounds[0]['rate'] // 400} is followed: Redis is asked for its member every {rounds[0]['asked_every_ms']} ms
until the state shows it, so the figures include the asking. The publisher gathers messages for {rounds[0]['linger_ms']} ms (linger), which they include too.
Half a minute of the same load goes before. Publisher and service send one request for each partition that has something: at this rate
the requests are what the machine is busy with, so fewer partitions are faster.

{table(["partitions", "", "p50", "p99", "p99.9", "max"], rows)}
{table(["partitions", "CPU µs an input: service", "broker", "Redis"], cpu)}"""


def post(rounds):
    if not rounds:
        return ""
    rows = []
    for (offered, connections), group in grouped(rounds, lambda one: (one["offered"], one["connections"])):
        answers = sorted({status for one in group for status in one["statuses"]})
        rows.append([f"{offered:,}/s offered" if offered else "closed loop", str(connections), spread(one["rate"] for one in group),
                     *(spread((one["latency"][f"{q}_ms"] for one in group), "{:.1f}") for q in ("p50", "p99", "p999")), ", ".join(answers)])
    return f"""
### POST /v1/purchases, in ms

From the request to its durable answer (201), over connections that stay open; with an offered rate, from the moment the request was due.

{table(["", "connections", "answers/s", "p50", "p99", "p99.9", "statuses"], rows)}"""


def recovery(results):
    rows = [["claim → running, Redis warm, ms", spread(one["claim_to_running_ms"] for one in results["take_over"])],
            ["kill -9 of one of two instances → next block of its partitions, s",
             spread((one["kill_to_next_block_s"]["median"] for one in results["take_over"]), "{:.2f}")],
            ["longest pause of a partition that did not change its owner, s",
             spread((one["other_partitions_longest_pause_s"] for one in results["take_over"]), "{:.2f}")],
            ["`huiyuanctl rebuild` of an empty Redis, records/s", spread(one["records_per_s"] for one in results["rebuild"])],
            ["`huiyuanctl verify` of that log and Redis, records/s", spread(one["records_per_s"] for one in results["verify"])],
            ["the same, CPU µs a record", spread((one["cpu_us_per_record"] for one in results["verify"]), "{:.2f}")],
            ["a service that finds Redis empty, records/s", spread(one["records_per_s"] for one in results["empty_redis"])]]
    return f"""
### Recovery

{table(["", ""], [row for row in rows if row[1] != "–"])}
The group's session time-out (6 s, the least that the broker allows) is most of the time after a kill; a service that stops in order hands over at once.
"""


def goals(results):
    """What this part alone aims at, beside the targets of the whole page."""
    lines = []
    for name, group in grouped(results["throughput"], lambda one: one["load"]):
        median, goal = statistics.median(one["inputs_per_s"] for one in group), GOALS[name.split()[0].split("(")[0].strip(",")]
        if median < goal:
            lines.append(f"{name}: {median:,.0f} inputs/s, the goal is {goal:,}.")
    for partitions, group in grouped(results["latency"], lambda one: one["partitions"]):
        p99 = statistics.median(one["visible"]["p99_ms"] for one in group)
        if p99 > 30:
            lines.append(f"Publish → visible, {partitions} partitions: p99 {p99:.1f} ms, the goal is 30.")
    rates = [one["records_per_s"] for one in results["verify"]]
    if rates and statistics.median(rates) < 500_000:
        lines.append(f"verify: {statistics.median(rates):,.0f} records/s, the goal is 500,000.")
    return lines


def render(results):
    return throughput(results["throughput"], results["cold"]) + latency(results["latency"]) + post(results["post"]) + recovery(results)


def plots(results):
    return []
