"""What a fault costs: take-over, rebuild, verify. Each function measures once."""

import json
import resource
import signal
import time

import measure
from system import Failed, say, wait_until


def take_overs_of(metrics):
    return metrics.get("huiyuan_take_over_seconds_sum", 0), metrics.get("huiyuan_take_over_seconds_count", 0)


def seqs(system):
    return [mark.seq if mark else 0 for mark in system.watermarks()]


def take_over(system, load, first, rate=2000, seconds=25):
    """Two instances share the load; one is killed. How long until each partition's next block is visible?"""
    with system.accrual(1) as second:
        wait_until(lambda: system.metrics(second).get("huiyuan_owned_partitions", 0) == system.partitions // 2
                   and system.metrics(first).get("huiyuan_owned_partitions", 0) == system.partitions // 2, 60, "two instances share the partitions")
        with system.running("bench_visible", *load.options(system, count=rate * seconds), "--rate", rate, "--sample-every", 50, "--linger", 2) as sender:
            load.sent += rate * seconds
            time.sleep(4)
            before = take_overs_of(system.metrics(first))
            second.stop(signal.SIGKILL)
            gaps = longest_gaps(system, killed=time.monotonic(), seconds=18)
            out, _ = sender.popen.communicate(timeout=120)
    result = json.loads(out)
    if not result["complete"]:
        raise Failed(f"not every purchase became visible after a kill: {result}")
    after = take_overs_of(system.metrics(first))
    gaps.sort()
    dead = gaps[system.partitions // 2:]
    result = {
        "rate": rate, "partitions": len(dead),
        "kill_to_next_block_s": {"first": dead[0], "median": dead[len(dead) // 2], "last": dead[-1]},
        "other_partitions_longest_pause_s": gaps[system.partitions // 2 - 1],
        "claim_to_running_ms": (after[0] - before[0]) / max(1, after[1] - before[1]) * 1000,
        "claims": after[1] - before[1],
    }
    say(f"take-over: next block {dead[0]:.2f} … {dead[-1]:.2f} s after the kill, claim to running {result['claim_to_running_ms']:.0f} ms")
    return result


def longest_gaps(system, killed, seconds):
    """For each partition: the longest time without a new block that Redis shows."""
    last, moved = seqs(system), [killed] * system.partitions
    longest = [0.0] * system.partitions
    while time.monotonic() < killed + seconds:
        now, current = time.monotonic(), seqs(system)
        for p in range(system.partitions):
            longest[p] = max(longest[p], now - moved[p])
            if current[p] > last[p]:
                last[p], moved[p] = current[p], now
        time.sleep(0.005)
    return longest


def rebuild(system, accrual, load):
    """Redis loses everything; all of it is folded from the log again."""
    before = seqs(system)
    records = sum(system.admin_ends("purchases"))
    system.redis.flushall()
    began = time.monotonic()
    system.tool("huiyuanctl", "rebuild", "--yes")
    seconds = time.monotonic() - began
    if seqs(system) != before:
        raise Failed("the rebuilt Redis does not stand where it stood before")
    say(f"rebuild: {records / seconds:,.0f} records/s")
    return {"records": records, "seconds": seconds, "records_per_s": records / seconds, "check": measure.checked(accrual, [load])}


def verify(system):
    """The points log against itself, Redis and the sums; by nobody but us, as all of the bench."""
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = system.json_tool("huiyuanctl", "verify", "--log", "points", "--json")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    log = result["logs"][0]
    log["cpu_us_per_record"] = (after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime) / log["records"] * 1e6
    say(f"verify: {log['records_per_s']:,.0f} records/s, CPU {log['cpu_us_per_record']:.2f} µs a record")
    return {name: log[name] for name in ("records", "records_per_s", "passes", "cpu_us_per_record")}


def take_over_of_nothing(system, accrual, load):
    """The same by the service itself: it finds Redis empty when it starts."""
    before, records = seqs(system), sum(system.admin_ends("purchases"))
    system.redis.flushall()
    began = time.monotonic()
    with system.accrual() as service:
        wait_until(lambda: all(now >= then for now, then in zip(seqs(system), before)), 600, "the service folds the whole log", 0.02)
        seconds = time.monotonic() - began
        memory_bytes = service.memory_bytes("VmHWM")
    say(f"take-over with an empty Redis: {records / seconds:,.0f} records/s")
    return {"records": records, "seconds": seconds, "records_per_s": records / seconds, "service_peak_bytes": memory_bytes,
            "check": measure.checked(accrual, [load])}
