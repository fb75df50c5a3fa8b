"""The section of `bench growth`."""

import statistics

from figures import grouped, spread, table
from profiling import REST
from report import drawing

FLAT = 0.2  # of the median of its curve
PARTS = ("service", "broker", "redis")
TITLES = {
    "members": "members, each known; all of them shop", "partitions": "partitions", "instances": "instances of the service",
    "history": "purchases of each member before",
}
SHOWN_US = 0.05  # of a part of the service, at one point at least; less is the rest
# Why a curve is not flat: said here once it is known from counts and a profile, never guessed.
REASONS = {
    "members": "What grows with the members is the number of states that an input writes, and the way to memory. Of few members many purchases "
               "of a block are the same member's, whose state goes to Redis once; of ten million each writes its own, and Redis takes most "
               "of what is added. In the service it is what touches a member that costs more, because the member is in no cache of the processor "
               "any more, and memory for what each of them keeps; deciding and writing down cost the same.",
    "partitions": "A block is of one partition and of 2,000 inputs at most. With one partition they are spread over 100,000 members, with 16 over 6,250 "
                  "of them, so that fewer are the same member's: more states are written, and Redis takes what is added.",
}


def cost(point):
    return sum(point["cpu_us_per_input"].values())


def curve(points, name):
    """(x, its rounds), by x."""
    return sorted(grouped([one for one in points if one["curve"] == name], lambda one: one["x"]))


def deviations(medians):
    """Of each figure from the median of its curve: 0.1 is a tenth more."""
    middle = statistics.median(medians)
    return [value / middle - 1 for value in medians]


def marked(deviation):
    return f"{deviation:+.0%}" if abs(deviation) <= FLAT else f"**{deviation:+.0%}**"


def cost_deviations(points, name):
    return deviations([statistics.median(cost(one) for one in rounds) for _, rounds in curve(points, name)])


def curve_rows(points, name):
    found = curve(points, name)
    costs = cost_deviations(points, name)
    rates = deviations([statistics.median(one["inputs_per_s"] for one in rounds) for _, rounds in found])
    for (x, rounds), by_cost, by_rate in zip(found, costs, rates):
        yield [f"{x:,}", spread((cost(one) for one in rounds), "{:.2f}"), marked(by_cost),
               *(spread((one["cpu_us_per_input"][part] for one in rounds), "{:.2f}") for part in PARTS),
               spread((one["states_per_input"] for one in rounds), "{:.2f}"),
               spread(one["inputs_per_s"] for one in rounds), marked(by_rate)]


def profile_rows(profiles):
    """Each part of the service, µs an input: its share of the samples, of the CPU that the process took. What grows most comes first."""
    costs = [{part: share * one["cpu_us_per_input"]["service"] for part, share in one["shares"].items()} for one in profiles]
    names = {part for one in costs for part, cost_us in one.items() if cost_us >= SHOWN_US and part != REST}
    rows = [[part, *(one.get(part, 0) for one in costs)] for part in names]
    rows.sort(key=lambda row: (min(row[1:]) - max(row[1:]), row[0]))
    rows.append([REST, *(sum(cost_us for part, cost_us in one.items() if part not in names) for one in costs)])
    return [[part, *(f"{cost_us:.2f}" for cost_us in found)] for part, *found in rows]


def profile(results, name):
    found = sorted((one for one in results["profiles"] if one["curve"] == name), key=lambda one: one["x"])
    if not found:
        return ""
    head = [f"one round more, by samples: µs an input of the service; {TITLES[name]}", *(f"{one['x']:,}" for one in found)]
    return f"\n{table(head, profile_rows(found))}"


def memory_steps(results, name, things):
    """(x before, x, bytes for each thing more) along a curve; `things`: how many there are at x."""
    sizes = [(x, statistics.median(one["memory"]["service_bytes"] for one in rounds)) for x, rounds in curve(results["points"], name)]
    return [(before, x, (size - size_before) / (things(x) - things(before))) for (before, size_before), (x, size) in zip(sizes, sizes[1:])]


def memory(results):
    """The part of it that grows, without what a process needs anyway."""
    steps = [*((f"members, {before:,} to {x:,}: each, with a purchase", size) for before, x, size in memory_steps(results, "members", lambda x: x)),
             *((f"history, {before:,} to {x:,}: each purchase", size)
               for before, x, size in memory_steps(results, "history", lambda x: x * results["history_members"]))]
    return f"\n{table(['memory of the service', 'bytes'], [[title, f'{size:,.0f}'] for title, size in steps])}" if steps else ""


def names_of(results):
    return [name for name in TITLES if any(one["curve"] == name for one in results["points"])]


def render(results):
    text = f"""
Does an event cost the same when there is more of everything? Before each point a million purchases of other members warm the process up;
then those come that make the point what it is, and the last {results['measured']:,} (history: {results['history_measured']:,}) are measured.
Each figure is held against the median of its curve; **what is more than {FLAT:.0%} away from it is bold**.
The members of the history curve are always {results['history_members']:,}.

![CPU of an input as things grow]({drawing.FOLDER.name}/growth.svg)
"""
    for name in names_of(results):
        head = [TITLES[name], "CPU µs an input", "to the median", *PARTS[:2], "Redis", "states written to Redis", "inputs/s", "to the median"]
        text += f"\n{table(head, curve_rows(results['points'], name))}"
        text += profile(results, name)
        text += f"\n{REASONS[name]}\n" if name in REASONS else ""
    return text + memory(results)


def plots(results):
    pyplot = drawing.pyplot()
    names = names_of(results)
    figure, panels = pyplot.subplots(1, len(names), figsize=(2.6 * len(names), 3.2), squeeze=False, sharey=True)
    for axes, name in zip(panels[0], names):
        found = curve(results["points"], name)
        places = range(len(found))
        bottom = [0.0] * len(found)
        for part in PARTS:
            heights = [statistics.median(one["cpu_us_per_input"][part] for one in rounds) for _, rounds in found]
            axes.bar(places, heights, 0.7, bottom=bottom, color=drawing.PARTS[part], label=part.replace("redis", "Redis"))
            bottom = [before + more for before, more in zip(bottom, heights)]
        middle = statistics.median(bottom)
        axes.axhspan(middle * (1 - FLAT), middle * (1 + FLAT), color="#000000", alpha=0.07, zorder=0)
        axes.set_xticks(places, [short(x) for x, _ in found], fontsize=8)
        axes.set_title(name, fontsize=10)
        axes.grid(axis="x", visible=False)
    panels[0][0].set_ylabel("CPU µs an input")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=len(PARTS), frameon=False, fontsize=8,
                  title=f"gray: the median of the curve ± {FLAT:.0%}", title_fontsize=8)
    return [drawing.save(figure, "growth")]


def short(number):
    for unit, name in ((1_000_000, " M"), (1_000, " k")):
        if number >= unit:
            return f"{number / unit:g}{name}"
    return f"{number:g}"
