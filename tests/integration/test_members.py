"""Who the members are: one phone, one member; changes with versions; erasure that holds, also when Redis is lost.

Commands come from a stock client; what is about sealed data goes through the gateway, who alone can seal."""

import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from confluent_kafka.admin import AdminClient, ConfigResource

from backend import wait_until
from members_client import Members, new_identity, new_member_id, profile, sealed
from protos import commands, members


@pytest.fixture(scope="module")
def desk(system):
    system.start_member().wait_ready()
    return Members(system)


def test_64_who_enrol_with_one_phone_at_once_are_one_member(desk):
    identity = new_identity()
    drawn = [new_member_id() for _ in range(64)]
    for member_id in drawn:
        desk.put_key(member_id)
    with ThreadPoolExecutor(16) as pool:
        handles = list(pool.map(lambda member_id: desk.enrol(identity, member_id), drawn))
    answers = [desk.answer(handle) for handle in handles]
    assert Counter(outcome for outcome, _, _ in answers) == {"ACCEPTED": 64}
    (winner,) = {answer.member_id for _, _, answer in answers}
    assert Counter(answer.created for _, _, answer in answers) == {True: 1, False: 63}
    assert desk.state(identity).leads_to == winner
    assert desk.wait_state(winner, lambda state: state.version == 1).identity == identity
    assert [member_id for member_id in drawn if desk.state(member_id)] == [winner]
    # What the others had sealed can be read by nobody any more.
    wait_until(
        lambda: {member_id for member_id in drawn if desk.redis_key(member_id)} == {winner},
        "the keys of those who are no members are gone",
        30,
    )
    last = dict(desk.topic_messages("member-keys"))
    assert [member_id for member_id in drawn if last[member_id.encode()] is not None] == [winner]


def test_the_same_command_again_is_answered_the_same(desk):
    identity, member_id = new_identity(), new_member_id()
    handle = desk.enrol(identity, member_id)
    first = desk.answer(handle)
    desk.wait_state(member_id, lambda state: state.version == 1)
    desk.enrol(identity, new_member_id(), command_id=handle)  # all that was drawn is drawn anew
    desk.flush()
    again = wait_until(
        lambda: answer if (answer := desk.answer(handle))[0] != "ACCEPTED" else None, "the retry is answered", 30
    )
    assert again == ("DUPLICATE", "", first[2])
    assert again[2].created


def test_the_same_command_id_with_another_body_is_refused(desk):
    member_id = desk.enrolled()
    handle = desk.update(member_id, 1, language=members.EN)
    assert desk.answer(handle)[:2] == ("ACCEPTED", "")
    desk.update(member_id, 2, command_id=handle, language=members.ZH)
    wait_until(lambda: desk.answer(handle)[:2] == ("CONFLICT", "id_reused"), "the conflict is answered", 30)
    assert desk.state(member_id).language == members.EN


def test_a_change_counts_for_the_version_that_it_was_made_for(desk):
    member_id = desk.enrolled()
    new = sealed()
    outcome, code, answer = desk.answer(desk.update(member_id, 1, personal=new, birthday=229))
    assert (outcome, code, answer.version) == ("ACCEPTED", "", 2)
    assert desk.answer(desk.update(member_id, 1, language=members.EN))[:2] == ("DECLINED", "member_changed")
    state = desk.state(member_id)
    assert (state.version, state.personal, state.birthday, state.language) == (2, new, 229, members.ZH)


def test_64_changes_of_one_version_at_once_are_one_change(desk):
    member_id = desk.enrolled()
    with ThreadPoolExecutor(16) as pool:
        handles = list(pool.map(lambda _: desk.update(member_id, 1, personal=sealed()), range(64)))
    codes = Counter(desk.answer(handle)[1] for handle in handles)
    assert codes == {"": 1, "member_changed": 63}
    assert desk.state(member_id).version == 2


def test_a_consent_has_its_channel_and_the_time_it_changed(desk):
    member_id = desk.enrolled()
    enrolled = {consent.channel: consent for consent in desk.state(member_id).consents}
    said = [members.Consent(channel=members.SMS, granted=True), members.Consent(channel=members.EMAIL, granted=False)]
    desk.answer(desk.update(member_id, 1, consents=said))
    now = {consent.channel: consent for consent in desk.state(member_id).consents}
    assert {channel: consent.granted for channel, consent in now.items()} == {members.EMAIL: False, members.SMS: True}
    assert now[members.EMAIL].changed_at_ms > enrolled[members.EMAIL].changed_at_ms > 0


def test_who_never_enrolled_is_unknown(desk):
    assert desk.answer(desk.update(new_member_id(), 1))[:2] == ("DECLINED", "member_unknown")
    assert desk.answer(desk.erase(new_member_id()))[:2] == ("DECLINED", "member_unknown")


def test_nonsense_is_kept_in_dead_letters_with_its_field(desk):
    bad = profile()
    bad.birthday = 230
    handle = desk.command(
        new_identity(), enrol_member=commands.EnrolMember(member_id=new_member_id(), profile=bad)
    )
    assert desk.answer(handle)[:2] == ("REJECTED", "invalid_field")
    steps = desk.command(
        new_member_id(), open_member=commands.OpenMember(identity=new_identity(), personal=sealed())
    )
    assert desk.answer(steps)[:2] == ("REJECTED", "missing_field")
    wait_until(
        lambda: {"profile.birthday", "origin"} <= {letter.field for letter in desk.system.dead_letters().values()},
        "both are in dead-letters",
        30,
    )


def test_erasing_destroys_the_key_and_frees_the_phone(desk):
    identity = new_identity()
    member_id = desk.enrolled(identity)
    wrapped = desk.keys_in_topic(member_id)[0]
    wait_until(lambda: desk.redis_key(member_id) == wrapped, "Redis has the key", 30)
    assert desk.answer(desk.erase(member_id))[:2] == ("ACCEPTED", "")
    state = desk.wait_state(member_id, lambda state: state.erased_at_ms)
    assert state == members.MemberProfile(version=2, erased_at_ms=state.erased_at_ms)
    wait_until(lambda: desk.redis_key(member_id) is None, "the key is gone from Redis", 30)
    assert desk.keys_in_topic(member_id) == [wrapped, None]
    assert desk.answer(desk.erase(member_id))[:2] == ("DECLINED", "member_erased")
    assert desk.answer(desk.update(member_id, 2, language=members.EN))[:2] == ("DECLINED", "member_erased")
    desk.wait_state(identity, lambda state: state.leads_to == "")
    other = desk.enrolled(identity)
    assert other != member_id
    assert desk.state(identity).leads_to == other
    assert desk.state(member_id).erased_at_ms


def test_a_destroyed_key_leaves_the_disks_and_its_tombstone_stays(desk):
    """Kafka compacts within a day; a copy of Redis may be a year old and the erased stay erased."""
    topic = ConfigResource(ConfigResource.Type.TOPIC, desk.system.topic("member-keys"))
    admin = AdminClient({"bootstrap.servers": desk.system.backend.brokers})
    (found,) = admin.describe_configs([topic]).values()
    settings = {name: entry.value for name, entry in found.result(20).items()}
    day_ms = 24 * 3600 * 1000
    assert settings["cleanup.policy"] == "compact"
    assert int(settings["max.compaction.lag.ms"]) <= day_ms >= int(settings["segment.ms"])
    assert int(settings["delete.retention.ms"]) >= 365 * day_ms


def test_redis_is_made_again_and_the_erased_stay_erased(outage):
    """Also while the service runs; two instances copy the keys."""
    desk = Members(outage)
    for name in ("member-1", "member-2"):
        outage.start_member(name).wait_ready()
    stays, goes = desk.enrolled(), desk.enrolled()
    wait_until(lambda: desk.redis_key(stays) and desk.redis_key(goes), "Redis has both keys", 30)
    wrapped = desk.redis_key(stays)
    before = outage.backend.save_snapshot()
    desk.answer(desk.erase(goes))
    wait_until(lambda: desk.redis_key(goes) is None, "the key is gone from Redis", 30)
    outage.redis.flushall()
    wait_until(lambda: desk.redis_key(stays) == wrapped, "the key is copied again", 30)
    desk.wait_state(goes, lambda state: state.erased_at_ms)
    wait_until(lambda: desk.redis_key(goes) is None, "the erased key stays gone", 30)
    outage.backend.restart_redis_from(before)  # of a time when the key was there
    desk.wait_state(goes, lambda state: state.erased_at_ms, 60)
    wait_until(lambda: desk.redis_key(goes) is None, "the erased key is deleted again", 30)
    assert desk.redis_key(stays) == wrapped
    assert desk.answer(desk.update(stays, 1, language=members.EN))[:2] == ("ACCEPTED", "")


def totals(system):
    """(enrolled, erased, members), as the partitions' watermarks have them."""
    tallies = [system.watermark(partition, "members").tallies or (0, 0, 0) for partition in range(system.partitions)]
    return tuple(map(sum, zip(*tallies)))


def test_a_killed_service_loses_nothing_that_was_asked_of_it(fresh):
    desk = Members(fresh)
    services = [fresh.start_member(f"member-{number}").wait_ready() for number in (1, 2)]
    enrolled = {}
    for number in range(200):
        identity, member_id = new_identity(), new_member_id()
        enrolled[member_id] = (identity, desk.enrol(identity, member_id))
        if number == 60:
            desk.flush()
            services[0].kill()
        if number == 120:
            services[0].start()
    for member_id, (identity, handle) in enrolled.items():
        assert desk.answer(handle)[2].created
        assert desk.wait_state(member_id, lambda state: state.version == 1).identity == identity
    wait_until(lambda: totals(fresh) == (200, 0, 200), lambda: f"200 members; there are {totals(fresh)}", 30)
    fresh.verify()


def test_a_command_in_another_partition_finds_its_way(desk):
    identity, member_id = new_identity(), new_member_id()
    handle = f"{desk.system.partition_of(identity)}-{secrets.token_hex(8)}"
    command = commands.Command(
        to="members",
        command_id=handle,
        member_id=identity,
        issued_at_ms=int(time.time() * 1000),
        enrol_member=commands.EnrolMember(member_id=member_id, profile=profile()),
    )
    wrong = (desk.system.partition_of(identity) + 1) % desk.system.partitions
    desk.producer.produce(desk.system.topic("commands"), value=command.SerializeToString(), partition=wrong)
    assert desk.answer(handle)[2] == members.MemberAnswer(member_id=member_id, created=True, version=1)
    desk.wait_state(member_id, lambda state: state.version == 1)


def test_commands_for_others_leave_nothing(desk):
    member_id = new_member_id()
    before = sum(desk.system.log_of("members").read().outcomes.values())
    command = commands.Command(
        to="points", command_id=f"c-{secrets.token_hex(8)}", member_id=member_id, issued_at_ms=1
    )
    desk.produce("commands", member_id, command.SerializeToString())
    desk.enrolled(member_id=member_id)  # in the same partition, after it
    # One record for the identity, one for the member.
    assert sum(desk.system.log_of("members").read().outcomes.values()) == before + 2


def test_after_all_this_the_log_the_states_and_redis_agree(desk):
    desk.enrolled()
    wait_until(lambda: not desk.system.faults(), lambda: desk.system.faults(), 30)


# What nobody may find; the phone also without its country.
PERSONAL = {
    "phone": "+8613912345678",
    "name": "Zhuge Mengyao 诸葛梦瑶",
    "email": "mengyao.zhuge@mail.example",
    "birthday": "1987-03-29",
}
CHANGED = {"name": "Ouyang Zhenzhen", "email": "zhenzhen@post.example"}
NEEDLES = [
    text.encode()
    for text in "13912345678 Zhuge Mengyao 诸葛 mengyao mail.example 1987-03-29 Ouyang henzhen post.example".split()
]


def everything_kept(system):
    """(where, bytes) of all topics, all of Redis, all logs of services."""
    desk = Members(system)
    admin = desk.producer.list_topics(timeout=20)
    for name in [name for name in admin.topics if name.startswith(system.topic_prefix)]:
        for key, value in desk.topic_messages(name.removeprefix(system.topic_prefix)):
            yield f"topic {name}", (key or b"") + b"\n" + (value or b"")
    for key in system.redis.scan_iter("*", count=1000):
        kind = system.redis.type(key)
        yield f"Redis {key!r}", key + b"\n" + (system.redis.dump(key) if kind != b"string" else system.redis.get(key))
    for service in system.services:
        yield f"log of {service.name}", service.log.read_bytes()


def found_in_clear(system):
    return sorted(
        {(where, needle.decode()) for where, kept in everything_kept(system) for needle in NEEDLES if needle in kept}
    )


def test_nothing_personal_is_kept_in_clear(fresh):
    for service in ("member", "accrual"):
        fresh.start_service(service, HY_LOG_LEVEL="debug").wait_ready()
    gateway = fresh.start_gateway(HY_LOG_LEVEL="debug")
    url = f"{gateway.url}/v1/members"
    made = requests.post(url, json=PERSONAL | {"consents": {"email": True}}, timeout=20)
    assert made.status_code == 201, made.text
    member_id = made.json()["member_id"]
    again = requests.post(url, json={"phone": PERSONAL["phone"]}, timeout=20)
    assert (again.status_code, again.json()["member_id"]) == (200, member_id)
    assert requests.patch(f"{url}/{member_id}", json=CHANGED, timeout=20).status_code == 200
    requests.post(url, json=PERSONAL | {"birthday": "1987-02-30"}, timeout=20)  # refused
    requests.get(url, params={"phone": PERSONAL["phone"]}, timeout=20)
    page = requests.get(f"{url}/{member_id}", timeout=20).json()
    assert CHANGED.items() <= (page | page.get("profile", {})).items(), page  # it is all there, for who may read it
    assert found_in_clear(fresh) == []
    assert requests.delete(f"{url}/{member_id}", timeout=20).status_code in (200, 204)
    desk = Members(fresh)
    wait_until(lambda: desk.redis_key(member_id) is None, "the key is gone from Redis", 30)
    assert desk.keys_in_topic(member_id)[-1] is None
    page = requests.get(f"{url}/{member_id}", timeout=20)
    assert "Ouyang" not in page.text
    assert found_in_clear(fresh) == []


def test_the_search_for_what_is_in_clear_finds_what_is(fresh):
    """The test above would otherwise prove nothing."""
    desk = Members(fresh)
    planted = f"{fresh.redis_prefix}x".encode()
    fresh.redis.set(planted, "of Zhuge")
    desk.produce("purchases", "m1", b"\x0a\x0b13912345678")
    desk.flush()
    assert found_in_clear(fresh) == [
        (f"Redis {planted!r}", "Zhuge"),
        (f"topic {fresh.topic('purchases')}", "13912345678"),
    ]
