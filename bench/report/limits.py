"""The section of `bench limits`."""

from figures import spread, table


def parts(results):
    """Each part's µs an input, round by round: its share of the samples, of the CPU that the process took."""
    names = dict.fromkeys(name for one in results["profile"] for name in one["shares"])
    found = {name: [one["shares"].get(name, 0) * one["cpu_us_per_input"]["service"] for one in results["profile"]] for name in names}
    return sorted(found.items(), key=lambda item: -max(item[1]))


def row(title, results, key, part, form="{:.2f}"):
    return [title, spread((one[key][part] for one in results["profile"]), form)]


def scheduled(results):
    """A thread waits for a core while another is idle: the kernel moves what sleeps often only now and then."""
    titles = {"on_core": "the deciding thread: on a core", "waiting": "waiting for a core, although it could run", "asleep": "asleep, for Kafka or Redis",
              "cores_idle": "both cores: idle"}
    return [row(title, results, "deciding_thread", part, "{:.0%}") for part, title in titles.items()]


def render(results):
    profile, fetch = results["profile"], results["fetch"]
    rows = [[name, spread(values, "{:.2f}")] for name, values in parts(results)]
    whole = [row(f"**{title}**", results, "cpu_us_per_input", part) for title, part in (("the service", "service"), ("the broker", "broker"), ("Redis", "redis"))]
    floor = [["fetching alone: messages/s", spread(one["messages_per_s"] for one in fetch)],
             ["CPU µs a message: the process", spread((one["cpu_us_per_message"] for one in fetch), "{:.2f}")],
             ["of it the thread that takes them", spread((one["thread_cpu_us_per_message"] for one in fetch), "{:.2f}")],
             ["the broker", spread((one["broker_us_per_message"] for one in fetch), "{:.2f}")]]
    return f"""
CPU µs an input, {profile[0]['load']}, {profile[0]['inputs']:,} inputs from a prefilled topic, by samples of every core ({spread(one['inputs_per_s'] for one in profile)} inputs/s while
they were taken). Two cores have 2 µs of CPU for an input at a million a second, for all of these together.

{table(["part of the service", "µs an input"], rows)}
{table(["", "µs an input"], whole)}
How its time passes, by the kernel's accounts, from its start until the last input is visible. All that is decided is decided by one thread; what
works beside it sleeps and wakes thousands of times a second, and is often put behind it, or before it, while the other core has nothing to do.

{table(["", "of the time"], scheduled(results))}
What a program pays that reads the same topic by the same door and does nothing with it:

{table(["", ""], floor)}"""


def plots(_):
    return []
