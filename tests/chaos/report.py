"""What a run tells about itself: load, what became of it, and for each kind of fault how long the flow stood still."""

import statistics
from bisect import bisect_left
from collections import Counter

from faults import KINDS


def tell(run):
    run.say(f"\nchaos, seed {run.seed}, {run.seconds} s of faults, {run.rate} purchases/s into Kafka")
    for name, number in sorted(run.truth.counts.items()):
        run.say(f"  {number:7}  {name}")
    outcomes = {name.removeprefix("OUTCOME_").lower(): count for name, count in run.found.points.outcomes.items()}
    run.say(f"  points log: {outcomes}")
    for name, log in run.shop.system.logs.items():
        claims = sum(len(partition.claims) for partition in log.partitions)
        dropped = sum(partition.dropped for partition in log.partitions)
        run.say(f"  {name}: {sum(log.last_blocks())} blocks, {claims} claims, {dropped} blocks of former owners dropped")
    last = Counter(kinds[-1] for kinds in run.found.deliveries.values())
    run.say(f"  mails received: {len(run.shop.mail.mails)}; deliveries: {dict(last)}")
    if run.shop.drains:
        run.say(f"  {len(run.shop.drains)} ends after SIGTERM, the slowest in {max(run.shop.drains):.1f} s")
    tell_faults(run)


def tell_faults(run):
    series = signs_of_life(run)
    run.say(f"\n  {'fault':40}times  lasted at most  longest outage meanwhile  flow again after: median, longest")
    for kind in KINDS:
        of_kind = [one for one in run.injected if one.planned.kind is kind]
        if not of_kind:
            continue
        lasted = max(one.healed - one.began for one in of_kind)
        pause = max(longest_pause(series, one.began, one.healed) for one in of_kind)
        after = [flow_again(series, one.healed) for one in of_kind]
        run.say(
            f"  {kind.name:40}{len(of_kind):5}{lasted:14.1f} s{pause:23.1f} s"
            f"{statistics.median(after):23.1f} s, {max(after):5.1f} s"
        )
    run.say("  (of the slowest partition of points, and of the tills; faults overlap, so one may show another's time)")


def signs_of_life(run):
    """Ascending times of each partition's blocks, and of the answers that tills got."""
    blocks = [[ms / 1000 for ms in part.block_times] for part in run.found.points.partitions]
    return [*blocks, sorted(run.truth.answered_at)]


def longest_pause(series, began, healed):
    longest = 0
    for times in series:
        some = times[max(0, bisect_left(times, began) - 1) : bisect_left(times, healed) + 1]
        longest = max([longest, *(after - before for before, after in zip(some, some[1:]))])
    return longest


def flow_again(series, healed):
    """Until every partition has a block and some till an answer."""
    waits = []
    for times in series:
        place = bisect_left(times, healed)
        waits.append(times[place] - healed if place < len(times) else 0)
    return max(waits)
