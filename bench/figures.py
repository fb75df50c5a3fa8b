"""Medians and spreads, and how they are written: pure, tested by tests/unit/bench."""

import statistics


def spread(values, form="{:,.0f}"):
    """Median (lowest – highest)."""
    values = [value for value in values if value is not None]
    if not values:
        return "–"
    median = form.format(statistics.median(values))
    return median if len(values) == 1 else f"{median} ({form.format(min(values))} – {form.format(max(values))})"


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def grouped(rounds, key):
    """(key, its rounds) in the order of their first appearance."""
    groups = {}
    for one in rounds:
        groups.setdefault(key(one), []).append(one)
    return groups.items()


def median_of(rounds, value):
    values = [value(one) for one in rounds]
    values = [one for one in values if one is not None]
    return statistics.median(values) if values else None


def mebi(values):
    return spread(value / 1048576 for value in values)
