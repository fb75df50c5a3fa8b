"""`huiyuanctl` as operators use it: topics, programs, tail, explain, status, rebuild; what it says, and its exit status."""

import json
import re
import signal
import subprocess
import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from backend import wait_until
from protos import common, projection
from store import line, purchase, some_purchases
from system import BIN, PROGRAMS, SERVICES

FAULT, USAGE = 1, 2
CHINESE = re.compile("[一-鿿]")


def ctl(*arguments, **environment):
    return subprocess.run(
        [BIN / "huiyuanctl", *map(str, arguments)], env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )


def json_lines(text):
    return [json.loads(one) for one in text.splitlines()]


@pytest.fixture
def bought(fresh):
    fresh.start_accrual()
    fresh.publish(*some_purchases(120, members=9, seed=5))
    fresh.settle()
    return fresh


# ---- the command line itself


def test_help_names_every_command_in_both_languages_and_each_has_its_own():
    listed = ctl("--help")
    assert listed.returncode == 0
    commands = re.findall(r"^  ([a-z][a-z-]*(?: [a-z]+)?)(?: \[?[A-Z|]+\]?)? {2,}\S", listed.stdout, re.MULTILINE)
    assert {"topics create", "program publish", "import purchases", "status", "tail", "verify", "rebuild", "explain"} <= set(commands)
    for command in set(commands) - {"help"}:
        own = ctl("help", *command.split())
        assert own.returncode == 0 and CHINESE.search(own.stdout), command
        assert ctl(*command.split(), "--help").stdout == own.stdout
    assert re.fullmatch(r"huiyuanctl \d+\.\d+\.\d+\n", ctl("--version").stdout)


@pytest.mark.parametrize(
    "arguments", [(), ("nothing",), ("topics",), ("tail",), ("tail", "points", "--nothing"), ("explain", "a", "b"),
                  ("tail", "points", "-n", "0"), ("explain", "x", "--lang", "fr"), ("tail", "nothing"), ("verify", "--log", "nothing")]
)  # fmt: skip
def test_a_wrong_call_says_so_on_stderr_and_does_nothing(arguments):
    done = ctl(*arguments)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert CHINESE.search(done.stderr)


def test_a_wrong_setting_is_named():
    done = ctl("status", HY_PARTITIONS="many")
    assert done.returncode == USAGE and "HY_PARTITIONS=many" in done.stderr


@pytest.mark.parametrize("command", [("topics", "create"), ("status",), ("tail", "points"), ("verify",), ("explain", "x")])
def test_kafka_that_is_away_is_told_in_bounded_time(command):
    done = ctl(*command, "--brokers", "127.0.0.1:1")
    assert done.returncode == FAULT
    assert "127.0.0.1:1" in done.stderr and "无法连接" in done.stderr and done.stderr.count("\n") == 1


def test_redis_that_is_away_is_told_without_its_password(fresh):
    done = fresh.ctl("status", "--redis", "redis://:secret@127.0.0.1:1/0", check=False)
    assert done.returncode == FAULT
    assert "Redis" in done.stderr and "127.0.0.1:1" in done.stderr and "secret" not in done.stderr + done.stdout


# ---- topics


def test_topics_are_made_once_and_logs_are_kept_for_ever(fresh):
    again = fresh.ctl("topics", "create")
    assert again.stdout.count("exists") == len(again.stdout.splitlines())
    admin = AdminClient({"bootstrap.servers": fresh.backend.brokers})
    found = admin.list_topics(timeout=10).topics
    assert {name: len(found[fresh.topic(name)].partitions) for name in ("points", "purchases", "program")} == {
        "points": 4, "purchases": 4, "program": 1}  # fmt: skip
    resource = ConfigResource(ResourceType.TOPIC, fresh.topic("points"))
    settings = admin.describe_configs([resource])[resource].result(10)
    assert settings["retention.ms"].value == settings["retention.bytes"].value == "-1"
    assert settings["cleanup.policy"].value == "delete"


def test_another_partition_count_is_refused(fresh):
    done = fresh.ctl("topics", "create", "--partitions", 5, check=False)
    assert done.returncode == FAULT
    assert f"{fresh.topic('points')} exists with 4 partitions, not 5" in done.stderr
    done = fresh.ctl("verify", "--partitions", 5, check=False)
    assert done.returncode == FAULT and "HY_PARTITIONS is 5" in done.stderr


def test_a_log_that_would_lose_its_beginning_is_refused(backend):
    name = "short-lived.points"
    admin = AdminClient({"bootstrap.servers": backend.brokers})
    admin.create_topics([NewTopic(name, 16, 1, config={"retention.ms": "1000"})])[name].result(20)
    done = ctl("topics", "create", "--prefix", "short-lived.", HY_KAFKA_BROKERS=backend.brokers)
    assert done.returncode == FAULT and f"topic {name} is a log and must be kept for ever" in done.stderr


def test_a_topic_whose_leader_may_be_a_stale_copy_is_refused(backend):
    name = "unclean.purchases"
    admin = AdminClient({"bootstrap.servers": backend.brokers})
    admin.create_topics([NewTopic(name, 16, 1, config={"unclean.leader.election.enable": "true"})])[name].result(20)
    done = ctl("topics", "create", "--prefix", "unclean.", HY_KAFKA_BROKERS=backend.brokers)
    assert done.returncode == FAULT and f"topic {name} has unclean.leader.election.enable=true" in done.stderr


# ---- programs


def test_every_fault_of_a_program_is_told_with_line_and_field_in_both_languages(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("program: p\nversion: 0\nearning: {points_per_yuan: 1.005}\nunknown: 1\n", encoding="utf-8")
    done = ctl("program", "check", path)
    assert done.returncode == FAULT and done.stdout == ""
    faults = [re.fullmatch(rf"{re.escape(str(path))}:(\d+): (?:([\w.\[\]]+): )?(.+) / (.+)", one) for one in done.stderr.splitlines()]
    assert all(faults) and all(CHINESE.search(fault[4]) for fault in faults)
    assert {(int(fault[1]), fault[2]) for fault in faults} >= {(2, "version"), (3, "earning.points_per_yuan")}


def test_a_published_version_stays_as_it_is(fresh, tmp_path):
    source = PROGRAMS / "plain.yaml"
    assert "already published" in fresh.ctl("program", "publish", source).stdout
    changed = tmp_path / "changed.yaml"
    changed.write_text(source.read_text(encoding="utf-8") + "# another word\n", encoding="utf-8")
    done = fresh.ctl("program", "publish", changed, check=False)
    assert done.returncode == FAULT and "count `version` up" in done.stderr and CHINESE.search(done.stderr)
    assert fresh.ctl("program", "show", 1).stdout == source.read_text(encoding="utf-8")
    assert fresh.ctl("program", "show", 2, check=False).returncode == FAULT
    assert len(json_lines(fresh.ctl("tail", "program", "--json").stdout)) == 1


# ---- tail


def test_tail_shows_what_the_log_says_last(bought):
    shown = json_lines(bought.ctl("tail", "points", "--json", "-n", 1000).stdout)
    assert len(shown) == 120
    assert {(one["member_id"], one["input_id"]): one["body"]["points"] for one in shown} == {
        name: found[0] for name, found in bought.log.accepted.items()}  # fmt: skip
    assert json_lines(bought.ctl("tail", "points", "--json", "-n", 7).stdout) == shown[-7:]
    partition = shown[-1]["partition"]
    own = [one for one in shown if one["partition"] == partition]
    assert json_lines(bought.ctl("tail", "points", "--json", "-p", partition, "--from", 0).stdout) == own
    words = bought.ctl("tail", "points", "-n", 1).stdout
    last = shown[-1]
    assert f"{last['partition']}-{last['seq']}-{last['index']} {last['member_id']} {last['input_id']} accepted" in words
    assert f"{last['body']['points']:+} points, balance {last['body']['balance_after']}" in words


def test_tail_shows_claims_and_dropped_blocks_when_asked(bought):
    partition = bought.partition_of("m1")
    log = bought.log.read().partitions[partition]
    everything = json_lines(bought.ctl("tail", "points", "--json", "--all", "-p", partition, "--from", 0).stdout)
    assert [everything[0]["kind"], everything[-1]["kind"]] == ["claim", "record"]
    forged = common.LogMessage(block=common.Block(claim=log.current ^ 1, seq=log.last + 1))
    forged.block.records.add(input_id="forged", member_id="m1")
    producer = Producer({"bootstrap.servers": bought.backend.brokers})
    producer.produce(bought.topic("points"), value=forged.SerializeToString(), partition=partition)
    assert producer.flush(20) == 0
    assert "forged" not in bought.ctl("tail", "points", "-p", partition).stdout
    dropped = json_lines(bought.ctl("tail", "points", "--json", "--all", "-p", partition, "-n", 1).stdout)
    assert [(one["kind"], one["records"]) for one in dropped] == [("dropped", 1)]


def test_tail_goes_on_with_what_comes(bought):
    following = subprocess.Popen(
        [BIN / "huiyuanctl", "tail", "points", "-f", "-n", "1", "--json"], env=bought.environment,
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert following.stdout.readline()
        time.sleep(0.5)
        bought.publish(purchase("m1", "late-one"))
        assert json.loads(following.stdout.readline())["input_id"] == "late-one"
    finally:
        following.send_signal(signal.SIGINT)
        following.communicate(timeout=10)


def test_dead_letters_say_why_in_both_languages(bought):
    bought.publish(purchase("m1", "no-lines", lines=[line(paid_fen=-1)]))
    bought.settle()
    (letter,) = json_lines(bought.ctl("dead-letters", "--json").stdout)
    assert letter["code"] == "invalid_field" and letter["field"] == "lines[0].paid_fen"
    assert CHINESE.search(letter["reason_zh"]) and not CHINESE.search(letter["reason_en"])
    assert letter["payload"]["purchase"]["purchase_id"] == "no-lines"
    assert "lines[0].paid_fen" in bought.ctl("dead-letters").stdout


# ---- explain


def test_explanations_say_the_points_that_were_posted(bought):
    name, (total, lines, version) = max(bought.log.accepted.items(), key=lambda item: item[1][0])
    member, purchase_id = name
    both = bought.ctl("explain", purchase_id, "--member", member).stdout
    english = bought.ctl("explain", purchase_id, "--lang", "en").stdout
    chinese = bought.ctl("explain", purchase_id, "--lang", "zh").stdout
    assert both == english + "\n" + chinese
    assert not CHINESE.search(re.sub(r"\(.*?\)", "", english.split("\n", 3)[3])) and CHINESE.search(chinese)
    for text in english, chinese:
        assert [int(points) for points in re.findall(r"→ (\d+)", text)] == list(lines)
        assert f"{total:+}" in text and "!!!" not in text
    entry = re.match(r"Entry (\S+):", english)[1]
    assert bought.ctl("explain", entry, "--lang", "en").stdout == english
    assert f"version {version}" in english


def test_what_nobody_knows_cannot_be_explained(bought):
    for unknown in "no-such-purchase", "0-9999-0", "99-1-1":
        done = bought.ctl("explain", unknown, check=False)
        assert (done.returncode, done.stdout) == (FAULT, "") and CHINESE.search(done.stderr)


def test_why_there_are_no_points_is_said(fresh):
    fresh.start_accrual()
    gift = [{"method": "GIFT_CARD", "amount_fen": 1000}]
    fresh.publish(purchase("m1", "by-gift-card", payments=gift))
    fresh.settle()
    assert "nothing was paid with money" in fresh.ctl("explain", "by-gift-card").stdout


# ---- status


def status_of(system, log):
    services = {service["log"]: service for service in json.loads(system.ctl("status", "--json").stdout)["services"]}
    assert {log: service["service"] for log, service in services.items()} == {log: service for service, log in SERVICES.items()}
    return services[log]


def test_status_tells_owners_what_waits_and_how_far_redis_is(fresh):
    fresh.publish(*some_purchases(50, members=9, seed=6))
    idle = status_of(fresh, "points")
    assert idle["members"] == [] and {part["owner"] for part in idle["partitions"]} == {""}
    assert sum(part["sources"]["purchases"]["lag"] for part in idle["partitions"]) == 50
    accrual = fresh.start_accrual()
    fresh.settle()
    wait_until(lambda: "accrual" in fresh.ctl("status").stdout, lambda: "no owner is shown", 20)
    busy = status_of(fresh, "points")
    assert len(busy["members"]) == 1 and {part["owner"] for part in busy["partitions"]} == set(busy["members"])
    for part in busy["partitions"]:
        assert part["sources"]["purchases"]["lag"] == part["watermark"]["behind"] == 0
        assert part["log"]["seq"] == part["watermark"]["seq"] == fresh.watermark(part["partition"]).seq
    shown = fresh.ctl("status").stdout
    accrual_part = shown[shown.index("accrual (log points)"):].split("\n\n")[0]
    assert re.search(rf"{fresh.name}-accrual +4 +0 +0 +0-3$", accrual_part, re.MULTILINE) and "0 inputs wait" in accrual_part
    for service in SERVICES:
        assert re.search(rf"^{service} \(log {SERVICES[service]}\)", shown, re.MULTILINE)
    assert len(re.findall(rf"^ +\d  {fresh.name}-accrual", fresh.ctl("status", "--long").stdout, re.MULTILINE)) == 4
    assert accrual.process.poll() is None


# ---- rebuild


def test_rebuild_asks_first(bought):
    before = bought.redis.keys(f"{bought.redis_prefix}*")
    done = bought.ctl("rebuild", check=False)
    assert done.returncode == USAGE and "--yes" in done.stderr
    assert sorted(bought.redis.keys(f"{bought.redis_prefix}*")) == sorted(before)


def test_rebuild_beside_a_service_that_goes_on_writing(bought):
    for name in bought.redis.keys(f"{bought.redis_prefix}*:m:*")[::2]:
        bought.redis.delete(name)
    bought.redis.set(f"{bought.redis_prefix}{{0}}:points:m:stranger", b"x")
    bought.ctl("rebuild", "--yes")
    for number in range(8):
        bought.publish(*some_purchases(200, members=30, seed=100 + number))
        bought.ctl("rebuild", "--yes")
        bought.verify()
    bought.settle()
    bought.verify()
    assert not bought.redis.exists(f"{bought.redis_prefix}{{0}}:points:m:stranger")
    assert len(bought.log.accepted) == 120 + 8 * 200


def test_an_emptied_redis_is_made_again_beside_a_service(bought):
    """The service notices too, and makes it again by itself: whoever comes second must not spoil it."""
    bought.publish(*some_purchases(2000, members=30, seed=7))
    bought.settle()
    pages = len(bought.redis.keys(f"{bought.redis_prefix}*:points:p:*"))
    assert pages > 100
    for _ in range(6):
        bought.redis.delete(*bought.redis.keys(f"{bought.redis_prefix}*"))
        bought.ctl("rebuild", "--yes")
        bought.verify()
        assert len(bought.redis.keys(f"{bought.redis_prefix}*:points:p:*")) == pages
    bought.publish(*some_purchases(200, members=30, seed=8))
    bought.settle()
    bought.verify()


def test_an_emptied_redis_is_made_again_without_any_service(bought):
    bought.services[0].stop()
    keys = {name: bought.redis.get(name) for name in bought.redis.keys(f"{bought.redis_prefix}*")}
    bought.redis.delete(*keys)
    assert "watermark" in bought.faults()
    bought.ctl("rebuild", "--yes")
    bought.verify()
    again = {name: bought.redis.get(name) for name in bought.redis.keys(f"{bought.redis_prefix}*")}
    assert again.keys() == keys.keys()
    for name, value in keys.items():
        if not name.endswith(b":points:w"):
            assert again[name] == value, name
    for partition in range(4):
        watermark = bought.watermark(partition)
        before = projection.Watermark.FromString(keys[bought.watermark_key(partition).encode()])
        assert watermark.opening != before.opening
        watermark.ClearField("opening")
        before.ClearField("opening")
        assert watermark == before
