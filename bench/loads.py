"""What is bought: purchases from a seed, or real baskets. Every tool makes the same ones from the same options."""

import baskets

SEED = 20170301


class Load:
    """Numbers 0 … sent - 1 were published. A warm-up that is to touch none of the members has a `member_base` of its own."""

    def __init__(self, name, members, zipf, count, *, in_turn=0, member_base=0, copies=0):
        self.name, self.members, self.zipf, self.count = name, members, zipf, count
        self.in_turn, self.member_base, self.copies = in_turn, member_base, copies
        self.sent = 0

    def options(self, system, first=None, count=None):
        options = ["--seed", SEED, "--members", self.members, "--zipf", self.zipf, "--partitions", system.partitions,
                   "--first", self.sent if first is None else first, "--count", self.count if count is None else count]
        if self.in_turn:
            options += ["--in-turn", self.in_turn]
        if self.member_base:
            options += ["--member-base", self.member_base]
        if self.copies:
            options += ["--baskets", baskets.ensure(), "--copies", self.copies]
        return options

    def fill(self, system, count=None):
        """Publishes the next `count` purchases, as fast as it goes."""
        count = self.count if count is None else count
        result = system.json_tool("bench_load", *self.options(system, count=count))
        self.sent += count
        return result


def uniform(members, count):
    return Load(f"uniform, {members:,} members", members, 0, count)


def zipf(members, count):
    return Load(f"Zipf(1.0), {members:,} members", members, 1, count)


def real(count):
    """The year of shopping, as often as needed for other households."""
    copies = -(-count // baskets.COUNT)
    return Load(f"real baskets, {copies * baskets.HOUSEHOLDS:,} households", copies * baskets.HOUSEHOLDS, 0, count, copies=copies)
