"""`bench peers`: accrual beside what a good team would write otherwise, on the same broker and the same purchases."""

import contextlib
import time

import contestants
import loads
import machine
import measure
from results import keep
from system import say

LATENCY_RATE = 10_000
LATENCY_SECONDS, WARM_SECONDS = 20, 10
PARTS = ("throughput", "latency", "million")


def options(parser):
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=4_000_000, help="purchases of a throughput round; the second half counts as warm")
    parser.add_argument("--systems", default=",".join(contestants.known()), help="some of: " + ",".join(contestants.known()))
    parser.add_argument("--loads", default="uniform,zipf,real", help="some of: uniform,zipf,real")
    parser.add_argument("--parts", default=",".join(PARTS), help="some of: " + ",".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="one short round of everything; writes no report")


def make_loads(options):
    """The members grow with the purchases, so that a short run meets each as often as a long one."""
    made = {
        "uniform": lambda: loads.uniform(options.count // 40, options.count),
        "zipf": lambda: loads.zipf(options.count // 40, options.count),
        "real": lambda: loads.real(options.count // 4),  # three times as many lines
    }
    return [(name, made[name]) for name in options.loads.split(",")]


def latencies(options, system, contestant, load, result):
    """At the rate that all can hold, and at half of what this one just did."""
    seconds, warm = (3, 2) if options.quick else (LATENCY_SECONDS, WARM_SECONDS)
    best = result["inputs_per_s_second_half"] or result["inputs_per_s"] or 2 * LATENCY_RATE
    for what, rate in (("10,000/s", LATENCY_RATE), ("half of its best", max(1000, best / 2 // 1000 * 1000))):
        yield {"what": what, **measure.latency(system, contestant, load, rate, seconds, warm)}
    measure.checked(contestant, [load])


def one_run(options, system, contestant, load, name, number, results):
    with system.world(f"bench-{int(time.time())}-{contestant.name}-{name}-{number}"), contextlib.ExitStack() as stack:
        contestant.prepare(system)
        result = measure.throughput(system, contestant, [load], stack)
        results["throughput" if number > 0 else "cold"].append(result)
        if number > 0 and name == "zipf" and "latency" in options.parts:
            results["latency"].extend(latencies(options, system, contestant, load, result))


def million(options, system, number, results):
    """Ten times the members, accrual alone: warm, and then a process that finds all of them in Redis and none in its memory."""
    accrual = contestants.Accrual()
    load = loads.uniform(options.count // 4, options.count)
    with system.world(f"bench-{int(time.time())}-million-{number}"):
        with contextlib.ExitStack() as stack:
            results["million"].append(measure.throughput(system, accrual, [load], stack))
        load.count = options.count // 4
        with contextlib.ExitStack() as stack:
            results["million_cold"].append(measure.throughput(system, accrual, [load], stack))


def turned(items, number):
    """Each round begins with another, so that none always comes after the same."""
    return items[number % len(items):] + items[:number % len(items)]


def one_round(options, system, chosen, number, results):
    for name, make in make_loads(options):
        if number == 0 and name == "real":
            continue
        for contestant in turned(chosen, number):
            one_run(options, system, contestant, make(), name, number, results)
    if number > 0 and "million" in options.parts and "accrual" in options.systems:
        million(options, system, number, results)


def run(options, system):
    """Round 0 is the first of a broker that has compiled nothing yet: it is reported by itself."""
    if options.quick:
        options.rounds, options.count = 1, min(options.count, 400_000)
    chosen = contestants.contestants(options.systems.split(","))
    results = {"count": options.count, "rounds": options.rounds, **{key: [] for key in ("cold", "throughput", "latency", "million", "million_cold")}}
    results["machine"] = machine.describe(system)
    for number in range(0, options.rounds + 1):
        say(f"round {number} of {options.rounds}")
        one_round(options, system, chosen, number, results)
        keep(system.dir, "peers", results)
    results["machine"]["load_at_end"] = machine.load_average()
    return results
