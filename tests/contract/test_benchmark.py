"""The benchmark's page says what the results say, and the arithmetic between them is right. Nothing is measured here."""

import re
import sys
from xml.etree import ElementTree

import pytest

from schema_lock import ROOT

sys.path.insert(0, str(ROOT / "bench"))

import compare
import figures
import samples
import scheduling
from report import gateway, growth, page, soak, targets

PAGE = page.PAGE.read_text(encoding="utf-8")


def test_the_page_is_made_of_the_results_and_nothing_else():
    assert page.render(page.measured()) == PAGE, "./dev bench page writes it anew"


def test_every_plot_of_the_page_is_there_and_no_other():
    named = set(re.findall(r"\]\(benchmark/([\w-]+\.svg)\)", PAGE))
    assert named == {file.name for file in (ROOT / "docs" / "benchmark").glob("*.svg")}
    for name in named:
        assert ElementTree.parse(ROOT / "docs" / "benchmark" / name).getroot().tag.endswith("}svg")


def test_median_and_spread_of_the_rounds():
    assert figures.spread([3, 1, 2]) == "2 (1 – 3)"
    assert figures.spread([1, 2, 3, 10]) == "2 (1 – 10)"  # 2.5: to even
    assert figures.spread([1234567.0]) == "1,234,567"
    assert figures.spread([None, 0.25, 0.75], "{:.2f}") == "0.50 (0.25 – 0.75)"
    assert figures.spread([]) == "–"


def samples_of(*pairs):
    return [samples.Sample(time, inputs, {"service": inputs * 2e-6}, inputs // 4) for time, inputs in pairs]


def test_a_rate_begins_with_the_first_input_and_ends_when_the_last_is_done():
    found = samples_of((10, 100), (11, 400), (12, 900), (14, 1000))
    assert samples.rate_between(found, 0) == (1000 - 100) / (14 - 10)
    assert samples.rate_between(found, 0.5) == (1000 - 900) / (14 - 12)
    assert samples.first_half(found) == (900 - 100) / (12 - 10)
    assert samples.cpu_us_between(found, 0.5)["service"] == pytest.approx(2)
    assert samples.states_between(found, 0.5) == 0.25


def test_what_was_over_at_once_has_no_rate():
    found = samples_of((10, 1000), (11, 1000))
    assert samples.rate_between(found, 0.5) is None
    assert samples.first_half(found) is None
    assert samples.cpu_us_between(found, 0.5) == {}
    assert samples.states_between(found, 0.5) is None


def rounds(**rates):
    return [{"system": system.replace("_", "-"), "load": "zipf", "inputs_per_s_second_half": rate} for system, found in rates.items() for rate in found]


def test_a_ratio_is_of_medians_with_the_peer_of_the_same_run():
    assert compare.ratios(rounds(accrual=[300, 100, 200], go_redis=[50, 100, 400], go=[400])) == {("zipf", "go-redis"): 2, ("zipf", "go"): 0.5}


def test_a_peer_that_was_not_measured_has_no_ratio():
    assert compare.ratios(rounds(accrual=[300], go=[None])) == compare.ratios(rounds(go=[100])) == {}


@pytest.mark.parametrize(("now", "good"), [(2.0, True), (1.81, True), (1.79, False), (5.0, True)])
def test_the_check_fails_below_nine_tenths_of_the_committed_ratio(now, good):
    assert compare.verdicts({("zipf", "go"): 2.0, ("uniform", "go"): 9.0}, {("zipf", "go"): now}) == [("zipf", "go", 2.0, now, good)]


def test_a_machine_that_is_slower_for_all_is_no_reason_to_fail():
    then = compare.ratios(rounds(accrual=[300], go=[200]))
    now = compare.ratios(rounds(accrual=[150], go=[100]))
    assert all(good for *_, good in compare.verdicts(then, now))


def test_a_point_further_than_a_fifth_from_the_median_of_its_curve_is_marked():
    assert growth.deviations([8, 10, 13]) == pytest.approx([-0.2, 0, 0.3])
    assert [growth.marked(one) for one in (-0.2, 0.0, 0.3, -0.21)] == ["-20%", "+0%", "**+30%**", "**-21%**"]


def test_memory_of_what_is_added_leaves_out_what_a_process_needs_anyway():
    points = [{"curve": "members", "x": x, "memory": {"service_bytes": 1000 + 300 * x}} for x in (10, 20, 40)]
    assert growth.memory_steps({"points": points}, "members", lambda x: x) == [(10, 20, 300), (20, 40, 300)]


def test_the_part_of_the_service_that_grows_most_comes_first_and_what_is_small_is_the_rest():
    at = [{"shares": shares, "cpu_us_per_input": {"service": 2.0}} for shares in ({"a": 0.5, "b": 0.48, "c": 0.02}, {"a": 0.5, "b": 0.4, "d": 0.1})]
    assert growth.profile_rows(at) == [["d", "0.00", "0.20"], ["b", "0.96", "0.80"], ["a", "1.00", "1.00"], ["the rest", "0.04", "0.00"]]


def test_a_thread_that_could_run_but_does_not_waits():
    before, after = scheduling.Look(0, 10, 20, 30), scheduling.Look(1000, 610, 270, 430)
    assert scheduling.shares(before, after, 2) == pytest.approx({"on_core": 0.6, "waiting": 0.25, "asleep": 0.15, "cores_idle": 0.2})


def test_what_cpu_alone_leaves_of_the_bare_rate():
    bare = {"what": "bare, turned", "connections": 64, "cpu_us": {"bare": 10, "wrk": 10}}
    page = {"what": "member page", "connections": 64, "cpu_us": {"gateway": 20, "accrual": 0, "broker": 0, "redis": 10, "wrk": 10}}
    assert gateway.by_cpu_alone({"under_wrk": [bare, page]}, "member page", 64) == ("50%", "100%")
    assert gateway.by_cpu_alone({"under_wrk": [bare, page]}, "bare, turned", 64) == ("–", "–")


def test_targets_missed_for_one_reason_are_named_together(monkeypatch):
    missed = [targets.Target(title, "≥ 2", 2, None, "{:.0f}", lambda _: [1]) for title in ("this", "that", "other")]
    monkeypatch.setattr(targets, "TARGETS", missed)
    monkeypatch.setattr(targets, "LIMITS", {"this": "slow.", "that": "slow.", "other": "far.", "gone": "never said."})
    assert targets.render({}).partition("What stops us:\n\n")[2] == "- *this*; *that*: slow.\n- *other*: far.\n"


def soak_of(**sizes):
    return [dict(zip(sizes, one)) for one in zip(*sizes.values())]


def test_flat_memory_is_the_last_third_against_the_middle_one():
    assert soak.growth({"samples": soak_of(service_bytes=(1, 50, 100, 100, 103, 103))}) == pytest.approx(0.03)


def test_what_a_purchase_adds_to_redis():
    assert soak.redis_bytes_a_purchase(soak_of(redis_bytes=(1000, 1500, 2000), visible=(10, 15, 20))) == 100


@pytest.mark.parametrize(("figures_found", "verdict"), [([1.4, 1.6, 1.7], "reached"), ([1.4, 1.4, 1.7], "**missed**"), ([], "not measured")])
def test_a_target_is_reached_by_the_median_of_its_rounds(figures_found, verdict):
    target = targets.Target("rate", "≥ 1.5", 1.5, None, "{:.2f}", lambda _: figures_found)
    assert targets.row(target, {})[-1] == verdict
