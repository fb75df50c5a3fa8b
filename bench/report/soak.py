"""The section of `bench soak`."""

import statistics

from figures import table
from report import drawing

FLAT = 0.05  # more memory in the last third than in the middle one
SIZES = {"service_bytes": "service", "redis_bytes": "Redis", "broker_bytes": "broker"}


def thirds(samples, what):
    """Medians of the middle and of the last third: the first is that of filling up."""
    third = max(1, len(samples) // 3)
    return (statistics.median(one[what] for one in samples[third:2 * third]), statistics.median(one[what] for one in samples[2 * third:]))


def growth(results):
    """How much more memory the service has in the last third."""
    middle, last = thirds(results["samples"], "service_bytes")
    return last / middle - 1


def redis_bytes_a_purchase(samples):
    """What each of them added."""
    first, last = samples[0], samples[-1]
    return (last["redis_bytes"] - first["redis_bytes"]) / max(1, last["visible"] - first["visible"])


def is_good(results):
    return results["verify"]["good"] and results["check"]["ok"] and results["samples"][-1]["lag"] == 0


def memory_rows(results):
    for what, name in SIZES.items():
        values = [one[what] / 1048576 for one in results["samples"]]
        middle, last = (value / 1048576 for value in thirds(results["samples"], what))
        yield [name, f"{max(values):,.0f}", f"{middle:,.0f}", f"{last:,.0f}", f"{last / middle - 1:+.1%}"]


def rate_text(results):
    share = results["rate"] / results["best_rate"]
    left = results["left_bytes"]
    why = (f": more would not have fitted on this machine, as\nlog ({left['log']:.0f} bytes an input) and entries in Redis ({left['redis']:.0f}) are kept for ever" if results["bounded"] else "")
    return f"{results['rate']:,} purchases a second, {share:.0%} of the {results['best_rate']:,.0f}\nthat the machine holds with the load maker on it{why}"


def render(results):
    kills = [one["next_block_s"] for one in results["kills"]] or [0]
    lags = [one["lag"] for one in results["samples"]]
    records = sum(log["records"] for log in results["verify"]["logs"])
    verdict = "good" if results["verify"]["good"] else "**FOUND FAULTS**"
    third = len(results["samples"]) // 3
    added = [redis_bytes_a_purchase(results["samples"][begin:begin + third]) for begin in (third, 2 * third)]
    return f"""
{results['minutes']:g} minutes at {rate_text(results)};
{results['members']:,} members by Zipf's law. Every {results['kill_every_s']:g} s the service is killed (`kill -9`) and started again at once, {len(results['kills'])} times;
the next block was visible after {statistics.median(kills):.1f} s (median; longest {max(kills):.1f} s).
The purchases' own clock runs faster, so that their window of 90 days, which memory has to hold, is full after some minutes.

{results['sent']['sent']:,} purchases were published. When the last was, the service had caught up after {results['caught_up_s']:.1f} s; the most it was ever behind: {max(lags):,}
(by the offsets that it tells Kafka, about once a second).
At the end: no lag, every member's points as the load maker expects them ({results['check']['members']:,} members),
`huiyuanctl verify` {verdict} over {records:,} records.

![Memory and lag]({drawing.FOLDER.name}/soak.svg)

{table(["MiB", "most", "middle third", "last third", ""], memory_rows(results))}
What must stay flat is the service. Redis keeps every entry of every member, because the member's page shows them: a purchase of the middle third
added {added[0]:.0f} bytes, one of the last third {added[1]:.0f}. The broker is a Java program with room for 1 GiB."""


def plots(results):
    pyplot = drawing.pyplot()
    figure, (upper, lower) = pyplot.subplots(2, 1, figsize=(8, 4.4), sharex=True, height_ratios=(2, 1))
    step = max(1, len(results["samples"]) // 400)
    samples = results["samples"][::step]
    minutes = [one["s"] / 60 for one in samples]
    for (what, name), colour in zip(SIZES.items(), drawing.PARTS.values()):
        upper.plot(minutes, [one[what] / 1048576 for one in samples], color=drawing.PARTS.get(name.lower(), colour), label=name, linewidth=1.4)
    for kill in results["kills"]:
        for axes in (upper, lower):
            axes.axvline(kill["s"] / 60, color="#9aa0a8", linewidth=0.8, linestyle=":", zorder=0)
    upper.set_ylabel("MiB")
    upper.set_ylim(bottom=0)
    upper.legend(frameon=False, fontsize=8)
    lower.plot(minutes, [one["lag"] / 1000 for one in samples], color=drawing.OURS, linewidth=1.2)
    lower.set_ylabel("behind, thousands")
    lower.set_xlabel("minutes; dotted: kill -9")
    lower.set_ylim(bottom=0)
    return [drawing.save(figure, "soak")]
