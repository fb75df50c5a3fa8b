"""`bench growth`: what an event costs as members, partitions, instances and history grow. Flat is good."""

import contextlib
import time

import contestants
import loads
import machine
import measure
from results import keep
from system import PARTITIONS, say

CURVES = ("members", "partitions", "instances", "history")
OTHERS = 50_000_000  # names of the members that only warm the process up begin here
HISTORY_MEMBERS = 2_000
FULL = {
    "members": (10_000, 100_000, 1_000_000, 10_000_000), "partitions": (1, 2, 4, 8, 16, 32, 64), "instances": (1, 2, 4),
    "history": (5, 50, 500, 5_000), "warm": 1_000_000, "measured": 1_000_000, "history_measured": 400_000,
}
QUICK = {
    "members": (1_000, 10_000, 100_000), "partitions": (4, 16), "instances": (1, 2),
    "history": (5, 50, 500), "warm": 100_000, "measured": 200_000, "history_measured": 100_000,
}


def options(parser):
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--curves", default=",".join(CURVES), help="some of: " + ",".join(CURVES))
    parser.add_argument("--quick", action="store_true", help="one round of small points; writes no report")


def warm_up(sizes):
    """Others shop first, so that no point pays for a process that has just started."""
    return loads.Load("others", sizes["warm"] // 10, 1, sizes["warm"], member_base=OTHERS)


def known_members(members, times, measured):
    """Each member has shopped `times` times, in turn, before the measured purchases begin."""
    return loads.Load(f"{members:,} members, {times:,} purchases each before", members, 0, members * times + measured, in_turn=members * times)


def point(sizes, curve, x):
    """(contestant, partitions, loads, share of the inputs that is not measured)"""
    measured, instances, partitions, cache = sizes["measured"], 1, PARTITIONS, {}
    if curve == "members":
        last = known_members(x, 1, measured)
        cache = {"HY_CACHE_MEMBERS": str(max(2_000_000, x + sizes["warm"] // 10))}  # all are shopping, so all must fit
    elif curve == "history":
        measured = sizes["history_measured"]
        last = known_members(HISTORY_MEMBERS, x, measured)
    else:
        last = loads.zipf(sizes["warm"] // 10, 2 * measured)
        instances, partitions = (x, PARTITIONS) if curve == "instances" else (1, x)
    chosen = [warm_up(sizes), last]
    return contestants.Accrual(instances, **cache), partitions, chosen, 1 - measured / sum(load.count for load in chosen)


def measure_point(system, sizes, curve, x, number):
    contestant, partitions, chosen, share = point(sizes, curve, x)
    with system.world(f"bench-{int(time.time())}-{curve}-{x}", partitions), contextlib.ExitStack() as stack:
        result = measure.throughput(system, contestant, chosen, stack, share)
        taken = [system.metrics(process).get("huiyuan_inputs_total", 0) for process in contestant.processes]
    say(f"growth, {curve} {x:,}: CPU µs an input {sum(result['cpu_us_per_input_second_half'].values()):.2f}")
    return {
        "curve": curve, "x": x, "round": number, "inputs_per_s": result["inputs_per_s_second_half"],
        "cpu_us_per_input": result["cpu_us_per_input_second_half"], "memory": result["memory"], "inputs_of_instances": taken,
    }


def run(options, system):
    """Round 0, of the quick points, warms the broker up and is not kept."""
    sizes = QUICK if options.quick else FULL
    results = {"points": [], "measured": sizes["measured"], "history_measured": sizes["history_measured"],
               "history_members": HISTORY_MEMBERS, "machine": machine.describe(system)}
    for x in QUICK["members"]:
        measure_point(system, QUICK, "members", x, 0)
    for number in range(1, (1 if options.quick else options.rounds) + 1):
        say(f"round {number}")
        for curve in options.curves.split(","):
            results["points"].extend(measure_point(system, sizes, curve, x, number) for x in sizes[curve])
            keep(system.dir, "growth", results)
    results["machine"]["load_at_end"] = machine.load_average()
    return results
