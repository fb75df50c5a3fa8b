"""How the time of a thread passed, and how much of the cores was idle meanwhile: from the kernel's own accounts, without samples."""

import os
import pathlib
import time
from collections import namedtuple

# At `time_ns`, the thread had been on a core and had waited for one, and all cores together had been idle, so many ns.
Look = namedtuple("Look", "time_ns on_ns waiting_ns idle_ns")

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def look(thread):
    on, waiting, _ = map(int, pathlib.Path(f"/proc/{thread}/task/{thread}/schedstat").read_text().split())
    with open("/proc/stat", encoding="ascii") as stat:
        idle, io_wait = map(int, stat.readline().split()[4:6])
    return Look(time.monotonic_ns(), on, waiting, (idle + io_wait) * TICK_NS)


def shares(before, after, cores):
    """Of the thread's time on a core, waiting for one although it could run, and asleep; of the cores' time, idle. Each 0 … 1."""
    passed = after.time_ns - before.time_ns
    on, waiting = ((after[i] - before[i]) / passed for i in (1, 2))
    return {"on_core": on, "waiting": waiting, "asleep": 1 - on - waiting, "cores_idle": (after.idle_ns - before.idle_ns) / (passed * cores)}
