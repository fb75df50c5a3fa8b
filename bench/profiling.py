"""Samples of every core while accrual works, and to which part of the work each belongs."""

import collections
import contextlib
import signal
import subprocess

import packages

SAMPLES_PER_S = 1999

# The innermost of these functions on the stack says what was done; what stands in none of them belongs to its library or thread.
FUNCTIONS = {
    "read_input": "reading, checking and hashing the purchase",
    "decide": "the points: deciding, and writing them down",
    "hy_encode_record": "the record",
    "hy_member_apply": "the member: state, receipts, what it is recognised by",
    "decide_input": "recognising, and the rest of deciding",
    "take_batch": "taking inputs in, finding their members",
    "fill": "asking for memory ahead",
    "hy_chain_hash": "the chain's SHA-256",
    "close_block": "the block's head",
    "hy_bus_append": "giving the block to librdkafka",
    "projector_step": "the projection: states and pages for Redis",
    "hy_store_poll": "talking to Redis",
    "hy_bus_poll": "taking messages from librdkafka",
    "__madvise": "getting memory ready (a thread beside)",
}
LIBRARIES = {"libcrypto": "the chain's SHA-256", "librdkafka": "librdkafka, on the deciding thread", "libmimalloc": "allocating and freeing",
             "libc": "the C library, for whom is not known", "[kernel": "the kernel, for whom is not known"}
REST = "the rest"


@contextlib.contextmanager
def recording(file):
    packages.ensure("perf", "linux-perf")
    perf = subprocess.Popen(["perf", "record", "-a", "-g", "-F", str(SAMPLES_PER_S), "-o", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        perf.send_signal(signal.SIGINT)
        perf.wait()


def samples(file):
    """(thread name, process id, [(function, library), …] from the innermost on) of each sample."""
    script = subprocess.Popen(["perf", "script", "-i", file, "-F", "comm,pid,ip,sym,dso"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    head, frames = None, []
    for line in script.stdout:
        if not line.strip():
            if head:
                yield (*head, frames)
            head, frames = None, []
        elif head is None:
            name, _, pid = line.strip().rpartition(" ")
            head = (name.strip(), int(pid.split("/")[0]))
        else:
            words = line.split()
            frames.append((words[1] if len(words) > 1 else "", words[-1].strip("()").rpartition("/")[2]))
    script.wait()


def part_of(thread, frames):
    if thread.startswith("rdk:"):
        return "librdkafka's own threads"
    for function, _ in frames:
        if function in FUNCTIONS:
            return FUNCTIONS[function]
    innermost = next((library for _, library in frames), "")
    for library, part in LIBRARIES.items():  # they keep no frames to walk
        if innermost.startswith(library):
            return part
    return REST


def shares(file, pid):
    """{part: share of the process's samples}, the dearest first."""
    counts = collections.Counter(part_of(thread, frames) for thread, process, frames in samples(file) if process == pid)
    return {part: count / counts.total() for part, count in counts.most_common()}
