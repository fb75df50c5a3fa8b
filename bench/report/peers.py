"""The section of `bench peers`."""

import statistics

from figures import grouped, mebi, median_of, spread, table
from report import drawing

TITLES = {"accrual": "Huiyuan accrual", "streams-memory": "Kafka Streams, memory", "streams-rocksdb": "Kafka Streams, RocksDB",
          "go-redis": "Go with Redis", "go": "Go without Redis"}
PARTS = ("service", "broker", "redis")
QUANTILES = ("p50", "p99", "p999", "max")


def systems_of(rounds):
    present = {one["system"] for one in rounds}
    return [name for name in TITLES if name in present]


def of(rounds, system):
    return [one for one in rounds if one["system"] == system]


def by_load(rounds):
    """(load, system, its rounds), systems in the same order for each load."""
    for load, group in grouped(rounds, lambda one: one["load"]):
        for system in systems_of(group):
            yield load, system, of(group, system)


def warm_cpu(group, part):
    return [one["cpu_us_per_input_second_half"].get(part) for one in group]


def rate_rows(rounds):
    for load, system, group in by_load(rounds):
        yield [load, TITLES[system], spread(one["inputs_per_s_second_half"] for one in group), spread(one["inputs_per_s_first_half"] for one in group),
               *(spread(warm_cpu(group, part), "{:.2f}") for part in PARTS)]


def memory_rows(rounds):
    for load, system, group in by_load(rounds):
        sizes = [one["memory"] for one in group]
        files = [size["state_file_bytes"] for size in sizes if size.get("state_file_bytes")]
        yield [load, TITLES[system], mebi(size["service_bytes"] for size in sizes), mebi(size["service_peak_bytes"] for size in sizes),
               mebi(size["broker_bytes"] for size in sizes), mebi(size["redis_bytes"] for size in sizes), mebi(files) if files else "–"]


def rates(results):
    rounds = results["throughput"]
    if not rounds:
        return ""
    cold = [[load, TITLES[system], *(spread(one[rate] for one in group) for rate in ("inputs_per_s_second_half", "inputs_per_s_first_half"))]
            for load, system, group in by_load(results["cold"])]
    made_up = next((one for one in rounds if "basket" not in one["load"]), rounds[0])
    return f"""
### Inputs a second

{made_up['inputs']:,} purchases of about 3 lines ({made_up['input_bytes'] / made_up['inputs']:.0f} bytes a message; the real baskets have 9 lines,
and are {made_up['inputs'] // 4:,}), one in a hundred sent twice, in the topic before the system starts; {results['rounds']} rounds, in each every system in turn.
The clock runs from the first input taken. *Warm* is the second half: until the last input is visible in Redis (accrual), or is committed together
with its ledger record (peers). *From its start* is the first half, in which a process has just begun: Java still compiles its code,
accrual meets most members for the first time. CPU is that of the warm half.

![Inputs a second]({drawing.FOLDER.name}/peers-rate.svg)

{table(["load", "system", "warm, inputs/s", "from its start", "CPU µs an input: service", "broker", "Redis"], rate_rows(rounds))}
![CPU of an input]({drawing.FOLDER.name}/peers-cpu.svg)

Memory at the end, in MiB; Kafka Streams reserves its heap beforehand.

{table(["load", "system", "service", "its peak", "broker", "Redis", "state files"], memory_rows(rounds))}
The first round of a fresh broker, which compiles its code meanwhile; it counts nowhere else:

{table(["load", "system", "second half, inputs/s", "first half"], cold)}"""


def million(results):
    if not results["million"]:
        return ""
    rows = []
    for title, rounds, rate in (("warm", results["million"], "inputs_per_s_second_half"),
                                ("a new process, every member in Redis", results["million_cold"], "inputs_per_s")):
        rows.append([title, spread(one[rate] for one in rounds),
                     *(spread((one["cpu_us_per_input"][part] for one in rounds), "{:.2f}") for part in PARTS),
                     mebi(one["memory"]["service_bytes"] for one in rounds), mebi(one["memory"]["redis_bytes"] for one in rounds)])
    return f"""
### Ten times the members, accrual alone

{results['million'][0]['load']}. The second row is a process that knows nobody: what its {results['million_cold'][0]['inputs']:,} purchases
need is fetched from Redis first.

{table(["", "inputs/s", "CPU µs an input: service", "broker", "Redis", "service MiB", "Redis MiB"], rows)}"""


def latency_rows(rounds):
    for what, group in grouped(rounds, lambda one: one["what"]):
        for system in systems_of(group):
            ours = of(group, system)
            lost = sum(not one["kept_up"] for one in ours)
            yield [what, TITLES[system], spread(one["rate"] for one in ours),
                   *(spread((one["visible"][f"{q}_ms"] for one in ours), "{:.1f}") for q in QUANTILES),
                   spread((one["acknowledged"]["p99_ms"] for one in ours), "{:.1f}"),
                   spread((one["behind_schedule"]["p99_ms"] for one in ours), "{:.1f}"), f"no ({lost} of {len(ours)})" if lost else "yes"]


def latency(results):
    rounds = results["latency"]
    if not rounds:
        return ""
    return f"""
### From publishing to readable, in ms

Open loop: a latency begins when the purchase was *scheduled*, and the schedule waits for nobody. Readable means: accrual and Go with Redis, Redis
shows it; the others, a reader of committed records has its ledger record. Some 400 purchases a second are followed. The publisher's own
linger ({rounds[0]['linger_ms']} ms) is in the figures, {rounds[0]['partitions']} partitions. Half of its best is half of the warm rate of the same run. There the load maker,
on the same cores, needs as much as some systems do: its own way to Kafka (acknowledged) and its delay (behind) tell what of a latency is its.

![Latency at 10,000 purchases a second]({drawing.FOLDER.name}/peers-latency.svg)

{table(["rate", "system", "inputs/s", "p50", "p99", "p99.9", "max", "acknowledged p99", "load maker behind p99", "kept up"], latency_rows(rounds))}"""


def render(results):
    return rates(results) + million(results) + latency(results)


def rate_plot(rounds):
    pyplot = drawing.pyplot()
    systems, loads = systems_of(rounds), [load for load, _ in grouped(rounds, lambda one: one["load"])]
    figure, axes = pyplot.subplots(figsize=(8, 3.6))
    width = 0.8 / len(systems)
    for place, system in enumerate(systems):
        heights, low, high, at = [], [], [], []
        for number, load in enumerate(loads):
            values = [one["inputs_per_s_second_half"] for one in of(rounds, system) if one["load"] == load and one["inputs_per_s_second_half"]]
            if not values:
                continue
            median = statistics.median(values)
            at.append(number + (place - (len(systems) - 1) / 2) * width)
            heights.append(median / 1000)
            low.append((median - min(values)) / 1000)
            high.append((max(values) - median) / 1000)
        axes.bar(at, heights, width * 0.9, yerr=[low, high], color=drawing.colour_of(system, systems), label=TITLES[system],
                 error_kw={"linewidth": 1, "ecolor": "#333333"})
    axes.set_xticks(range(len(loads)), loads)
    axes.set_ylabel("thousand inputs a second, warm")
    axes.grid(axis="x", visible=False)
    drawing.legend_above(figure, axes)
    return drawing.save(figure, "peers-rate")


def cpu_plot(rounds):
    pyplot = drawing.pyplot()
    load = next((one["load"] for one in rounds if one["load"].startswith("Zipf")), rounds[0]["load"])
    rounds = [one for one in rounds if one["load"] == load]
    systems = systems_of(rounds)[::-1]
    figure, axes = pyplot.subplots(figsize=(8, 0.6 + 0.5 * len(systems)))
    left = [0.0] * len(systems)
    for part in PARTS:
        widths = [median_of(of(rounds, system), lambda one, part=part: one["cpu_us_per_input_second_half"].get(part)) or 0 for system in systems]
        axes.barh([TITLES[system] for system in systems], widths, left=left, color=drawing.PARTS[part], label=part.replace("redis", "Redis"), height=0.6)
        left = [before + more for before, more in zip(left, widths)]
    axes.set_xlabel(f"CPU µs an input, warm; {load}")
    axes.grid(axis="y", visible=False)
    drawing.legend_above(figure, axes)
    return drawing.save(figure, "peers-cpu")


def latency_plot(rounds):
    pyplot = drawing.pyplot()
    rounds = [one for one in rounds if one["what"] == rounds[0]["what"]]
    systems = systems_of(rounds)
    figure, axes = pyplot.subplots(figsize=(8, 3.4))
    width = 0.8 / len(systems)
    for place, system in enumerate(systems):
        heights = [median_of(of(rounds, system), lambda one, q=q: one["visible"][f"{q}_ms"]) for q in QUANTILES]
        at = [number + (place - (len(systems) - 1) / 2) * width for number in range(len(QUANTILES))]
        bars = axes.bar(at, heights, width * 0.9, color=drawing.colour_of(system, systems), label=TITLES[system])
        axes.bar_label(bars, fmt="{:.0f}", fontsize=7, padding=1)
    axes.set_yscale("log")
    axes.set_ylim(bottom=1)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xticks(range(len(QUANTILES)), ["p50", "p99", "p99.9", "max"])
    axes.set_ylabel("ms, publish → readable")
    axes.grid(axis="x", visible=False)
    drawing.legend_above(figure, axes)
    return drawing.save(figure, "peers-latency")


def plots(results):
    rounds = results["throughput"]
    files = [rate_plot(rounds), cpu_plot(rounds)] if rounds else []
    return files + ([latency_plot(results["latency"])] if results["latency"] else [])
