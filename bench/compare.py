"""`bench --check`: is accrual still as fast as the committed results say? Rates of a machine change with its mood, so what is compared
are ratios to the peers in the same run."""

import argparse
import statistics

import contestants
import peers
import results
from figures import table
from system import Failed, System, say

LOWEST = 0.9  # of the committed ratio
ROUNDS = 5  # of 3 the same program's ratios differed by up to 12 % within half an hour
AGAINST = ("streams-memory", "go-redis", "go")  # the slowest of all is left out: its run is the longest


def rate_of(rounds, load, system):
    """Median, warm; None: not measured."""
    found = [one["inputs_per_s_second_half"] for one in rounds if one["load"] == load and one["system"] == system]
    return statistics.median(found) if found and None not in found else None


def ratios(rounds):
    """{(load, peer): accrual's rate as a multiple of the peer's}"""
    found = {}
    for load, peer in sorted({(one["load"], one["system"]) for one in rounds if one["system"] != "accrual"}):
        ours, theirs = rate_of(rounds, load, "accrual"), rate_of(rounds, load, peer)
        if ours and theirs:
            found[load, peer] = ours / theirs
    return found


def verdicts(committed, now):
    """(load, peer, committed ratio, ratio now, good) of what both have."""
    return [(*key, committed[key], now[key], now[key] >= LOWEST * committed[key]) for key in now if key in committed]


def rows(found):
    return [[load, peer, f"{then:.2f}", f"{now:.2f}", f"{now / then:.0%}", "ok" if good else "TOO SLOW"] for load, peer, then, now, good in found]


def measured(count, loads):
    options = argparse.Namespace(rounds=ROUNDS, count=count, quick=False, loads=loads, parts="throughput", systems=",".join(("accrual", *AGAINST)))
    with System() as system:
        return peers.run(options, system)["throughput"]


def main(loads="zipf"):
    committed = results.load("peers")
    if committed is None:
        raise Failed("bench/results/peers.json is not there: nothing to compare with")
    found = verdicts(ratios(committed["throughput"]), ratios(measured(committed["count"], loads)))
    if not found:
        raise Failed("the committed results have nothing of this run to compare with")
    print(table(["load", "accrual against", "committed ratio", "now", "of it", ""], rows(found)))
    slow = [one for one in found if not one[-1]]
    say(f"below {LOWEST:.0%} of the committed ratio: {len(slow)} of {len(found)}")
    return 1 if slow else 0
