"""`bench growth`: what an event costs as members, partitions, instances and history grow. Flat is good."""

import collections
import contextlib
import time

import contestants
import loads
import machine
import measure
import profiling
from results import keep
from system import PARTITIONS, say

CURVES = ("members", "partitions", "instances", "history")
OTHERS = 50_000_000  # names of the members that only warm the process up begin here
HISTORY_MEMBERS = 2_000
FULL = {
    "members": (10_000, 100_000, 1_000_000, 10_000_000), "partitions": (1, 2, 4, 8, 16, 32, 64), "instances": (1, 2, 4),
    "history": (5, 50, 500, 5_000), "warm": 1_000_000, "measured": 1_000_000, "history_measured": 400_000,
}
PROFILED = ("members",)  # curves that are walked once more at the end, while samples are taken: they show why it is not flat
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


class Profiled(contestants.Accrual):
    """Samples of every core from the input `since` on, until the last is visible."""

    def __init__(self, since, instances, **environment):
        super().__init__(instances, **environment)
        self.since, self.recording, self.file = since, contextlib.ExitStack(), None

    def taken(self):
        taken = super().taken()
        if self.file is None and taken >= self.since:
            self.file = self.system.dir / "perf.data"
            self.recording.enter_context(profiling.recording(self.file))
        return taken

    def is_done(self, *arguments):
        done = super().is_done(*arguments)
        if done:
            self.recording.close()
        return done


# `share` of the inputs of all loads is not measured.
Point = collections.namedtuple("Point", "instances environment partitions loads share")


def point(sizes, curve, x):
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
    return Point(instances, cache, partitions, chosen, 1 - measured / sum(load.count for load in chosen))


def walk(system, chosen, contestant, curve, x):
    with system.world(f"bench-{int(time.time())}-{curve}-{x}", chosen.partitions), contextlib.ExitStack() as stack:
        result = measure.throughput(system, contestant, chosen.loads, stack, chosen.share)
        taken = [system.metrics(process).get("huiyuan_inputs_total", 0) for process in contestant.processes]
    say(f"growth, {curve} {x:,}: CPU µs an input {sum(result['cpu_us_per_input_second_half'].values()):.2f}, "
        f"states written {result['states_per_input_second_half']:.2f}")
    return {
        "curve": curve, "x": x, "inputs_per_s": result["inputs_per_s_second_half"], "cpu_us_per_input": result["cpu_us_per_input_second_half"],
        "states_per_input": result["states_per_input_second_half"], "memory": result["memory"], "inputs_of_instances": taken,
    }


def measure_point(system, sizes, curve, x, number):
    chosen = point(sizes, curve, x)
    return {**walk(system, chosen, contestants.Accrual(chosen.instances, **chosen.environment), curve, x), "round": number}


def profile_point(system, sizes, curve, x):
    chosen = point(sizes, curve, x)
    accrual = Profiled(chosen.share * sum(load.count for load in chosen.loads), chosen.instances, **chosen.environment)
    found = walk(system, chosen, accrual, curve, x)
    found["shares"] = profiling.shares(accrual.file, accrual.process.pid)
    accrual.file.unlink()
    return found


def run(options, system):
    """Round 0, of the quick points, warms the broker up and is not kept."""
    sizes = QUICK if options.quick else FULL
    results = {"points": [], "profiles": [], "measured": sizes["measured"], "history_measured": sizes["history_measured"],
               "history_members": HISTORY_MEMBERS, "machine": machine.describe(system)}
    for x in QUICK["members"]:
        measure_point(system, QUICK, "members", x, 0)
    for number in range(1, (1 if options.quick else options.rounds) + 1):
        say(f"round {number}")
        for curve in options.curves.split(","):
            results["points"].extend(measure_point(system, sizes, curve, x, number) for x in sizes[curve])
            keep(system.dir, "growth", results)
    for curve in (one for one in PROFILED if one in options.curves.split(",")):
        say(f"profile of the curve of {curve}")
        results["profiles"].extend(profile_point(system, sizes, curve, x) for x in sizes[curve])
    results["machine"]["load_at_end"] = machine.load_average()
    return results
