"""From what is seen now and then to rates: pure, tested by tests/unit/bench."""

from collections import namedtuple

# At `time` (s), `inputs` had been taken; cpu: CPU seconds of each part so far; states: members' states written to Redis so far
# (None: not told).
Sample = namedtuple("Sample", "time inputs cpu states")


def from_share(samples, share):
    """The first sample at which this share of the inputs was taken."""
    return next(sample for sample in samples if sample.inputs >= share * samples[-1].inputs)


def rate(first, last):
    """None: it was over before it could be measured."""
    return (last.inputs - first.inputs) / (last.time - first.time) if last.inputs > first.inputs else None


def rate_between(samples, share):
    """Inputs a second from the moment at which `share` of them were taken until all were visible."""
    return rate(from_share(samples, share), samples[-1])


def cpu_us_between(samples, share):
    """CPU µs an input of each part, over the same time."""
    first, last = from_share(samples, share), samples[-1]
    if last.inputs == first.inputs:
        return {}
    return {name: (last.cpu[name] - first.cpu[name]) / (last.inputs - first.inputs) * 1e6 for name in last.cpu}


def states_between(samples, share):
    """Members' states written for an input, over the same time: below 1 when one stands for several purchases of a member."""
    first, last = from_share(samples, share), samples[-1]
    return (last.states - first.states) / (last.inputs - first.inputs) if last.states is not None and last.inputs > first.inputs else None


def first_half(samples):
    """The rate from the first input until half of them were taken: of a process that has just started."""
    return rate(samples[0], from_share(samples, 0.5))
