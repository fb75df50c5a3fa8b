"""Messages arrive once, in the right language, only to those who agreed, and nobody reads along.

Member and notification run; what tier and campaign say is written into their logs by hand."""

import base64
import datetime
import hashlib
import hmac
import json
import secrets
import ssl
import threading
import time
import zoneinfo
from collections import Counter

import pytest
from aiosmtpd.smtp import AuthResult
from confluent_kafka import Consumer, TopicPartition

from backend import ROOT, wait_until
from forged_log import ForgedLog
from members_client import Members, new_identity, new_member_id
from protos import campaigns, commands, deliveries, members, tiers
from providers import MailServer, Webhook
from sealing import seal_person
from system import System

KEK = secrets.token_bytes(32)
SECRET = secrets.token_bytes(32)
TLS = ROOT / "tests" / "integration" / "tls"
SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
HOUR_MS = 3600 * 1000

Kind = deliveries.DeliveryChangeKind


class Shop:
    """A system with members who can be written to, and the providers that write to them."""

    def __init__(self, backend, mail=None, **settings):
        self.mail, self.webhook = mail or MailServer(), Webhook()
        self.system = System(
            backend,
            HY_KEK=KEK.hex(),
            HY_TEMPLATES_DIR=str(ROOT / "deploy" / "templates"),
            HY_SMTP_URL=settings.pop("HY_SMTP_URL", self.mail.url),
            HY_MAIL_FROM="hello@shop.example",
            HY_MAIL_FROM_NAME="会员中心",
            HY_WEBHOOK_URL=self.webhook.url,
            HY_WEBHOOK_SECRET="whsec_" + base64.b64encode(SECRET).decode(),
            HY_QUIET_HOURS=settings.pop("HY_QUIET_HOURS", ""),
            HY_RETRY_FIRST_SECONDS="1",
            HY_RETRY_LONGEST_SECONDS="2",
            HY_SEND_TIMEOUT_MS="4000",
            HY_REPORT_TIMEOUT_MS="8000",
            **settings,
        )
        self.system.ctl("program", "publish", ROOT / "deploy" / "dev" / "program.yaml")  # it has tiers
        self.desk = Members(self.system)
        self.tiers, self.campaigns = ForgedLog(self.system, "tiers"), ForgedLog(self.system, "campaigns")
        self.changes = []  # of the log `deliveries`: (member, change), in order for each member
        self.log = self.system.log_of("deliveries", self.keep)
        self.people = []
        self.system.start_member().wait_ready()
        self.notification = self.system.start_notification().wait_ready()

    def keep(self, record):
        self.changes.append((record.member_id, deliveries.DeliveryChange.FromString(record.body)))

    def close(self):
        self.system.close()
        self.mail.close()
        self.webhook.close()

    # ---- members

    def enrol(self, name="李小薇", language=members.ZH, email=True, sms=False, address=None):
        """A member whom nobody else is like; returns the id and the personal data."""
        member_id = new_member_id()
        person = {
            "phone": f"+86139{secrets.randbelow(10**8):08}",
            "name": f"{name}{secrets.token_hex(3)}",
            "email": f"{secrets.token_hex(6)}@mail.example" if address is None else address,
        }
        self.people.append(person)
        wrapped, sealed = seal_person(KEK, member_id, **person)
        self.desk.produce("member-keys", member_id, wrapped.SerializeToString())
        profile = commands.OpenMember(personal=sealed, language=language)
        profile.consents.add(channel=members.EMAIL, granted=email)
        profile.consents.add(channel=members.SMS, granted=sms)
        body = commands.EnrolMember(member_id=member_id, profile=profile)
        self.desk.command(new_identity(), enrol_member=body)
        self.desk.flush()
        self.wait_change(member_id, Kind.CONTACT_SEEN)
        wait_until(lambda: self.desk.redis_key(member_id), "the member's key is in Redis", 20)
        return member_id, person

    def withdraw(self, member_id):
        update = commands.UpdateMember(version=1)
        for channel in members.EMAIL, members.SMS:
            update.consents.add(channel=channel, granted=False)
        self.desk.command(member_id, update_member=update)
        self.desk.flush()
        self.wait_change(member_id, Kind.CONTACT_SEEN, count=2)

    # ---- wishes

    def raise_tier(self, member_id, **more):
        (name,) = self.tiers.append(member_id, tiers.TierChange(kind=tiers.RAISED, tier="gold"), **more)
        return name

    def send_coupon(self, member_id):
        coupon = campaigns.Coupon(
            code="K7PQ2M", name_zh="生日礼券", name_en="Birthday coupon", value_fen=2000, minimum_spend_fen=9950
        )
        coupon.expires_at_ms = int(datetime.datetime(2031, 5, 17, 23, 59, tzinfo=SHANGHAI).timestamp() * 1000)
        change = campaigns.CampaignChange(
            kind=campaigns.COUPON_ISSUED, campaign_id="birthday", template="birthday", coupon=coupon
        )
        (name,) = self.campaigns.append(member_id, change)
        return name

    # ---- what came of it

    def of(self, who):
        """Changes of a member, or of a delivery, in order."""
        self.log.read()
        return [change for member_id, change in self.changes if who in (member_id, change.delivery_id)]

    def kinds(self, delivery_id):
        return [Kind.Name(change.kind) for change in self.of(delivery_id)]

    def wait_change(self, who, *kinds, count=1, seconds=30):
        def look():
            self.system.check_alive()
            found = [change for change in self.of(who) if change.kind in kinds]
            return found[count - 1] if len(found) >= count else None

        return wait_until(look, lambda: f"{who}: {[Kind.Name(change.kind) for change in self.of(who)]}", seconds)

    def tallies(self):
        partitions = range(self.system.partitions)
        found = [list(self.system.watermark(number, "deliveries").tallies) for number in partitions]
        return dict(zip(("sent", "suppressed", "given_up", "uncertain"), map(sum, zip(*[row for row in found if row]))))


@pytest.fixture(scope="module")
def shop(backend):
    shop = Shop(backend)
    yield shop
    shop.close()


@pytest.fixture
def make_shop(backend):
    made = []

    def make(**settings):
        made.append(Shop(backend, **settings))
        return made[-1]

    yield make
    for shop in made:
        shop.close()


def test_each_reads_it_once_in_their_language(shop):
    li, li_person = shop.enrol("李小薇", members.ZH)
    ann, ann_person = shop.enrol("Ann", members.EN)
    names = [shop.raise_tier(li), shop.raise_tier(ann)]
    for name in names:
        shop.wait_change(name, deliveries.SENT)
    (chinese,) = shop.mail.to(li_person["email"])
    (english,) = shop.mail.to(ann_person["email"])
    assert chinese["subject"] == f"恭喜您，{li_person['name']}：您已升为金卡会员"
    assert english["subject"] == f"Congratulations, {ann_person['name']}: you are Gold now"
    assert li_person["name"] in chinese.get_content() and "金卡" in chinese.get_content()
    assert english.get_content().startswith(f"Dear {ann_person['name']},\r\n")
    assert chinese["message-id"] == f"<{names[0]}@shop.example>"
    assert str(chinese["from"]) == "会员中心 <hello@shop.example>"
    assert str(chinese["to"]) == li_person["email"]
    assert abs(chinese["date"].datetime.timestamp() - time.time()) < 60
    assert not chinese.defects and not english.defects
    for name in names:
        assert shop.kinds(name) == ["QUEUED", "ATTEMPTED", "SENT"]


def test_a_coupon_arrives_with_all_that_one_needs_to_use_it(shop):
    member_id, person = shop.enrol(language=members.ZH)
    shop.wait_change(shop.send_coupon(member_id), deliveries.SENT)
    (mail,) = shop.mail.to(person["email"])
    text = mail.get_content()
    for words in "生日礼券", "20 元", "满 99.50 元", "K7PQ2M", "2031-05-17":
        assert words in text


def test_consent_counts_when_the_message_is_sent(shop):
    """Wanted while the member agreed, due after they no longer did."""
    member_id, person = shop.enrol(sms=True)
    shop.mail.answers[person["email"]] = ["451 later"]
    name = shop.raise_tier(member_id)
    shop.wait_change(name, deliveries.POSTPONED)
    shop.withdraw(member_id)
    assert shop.wait_change(name, deliveries.SUPPRESSED).reason == "no-consent"
    later = shop.raise_tier(member_id)
    assert shop.wait_change(later, deliveries.SUPPRESSED).reason == "no-consent"
    assert shop.kinds(later) == ["QUEUED", "SUPPRESSED"]
    assert shop.mail.to(person["email"]) == []
    assert person["phone"].encode() not in b"".join(body for _, body in shop.webhook.requests)


def test_who_was_erased_is_not_written_to(shop):
    member_id, person = shop.enrol(sms=True)
    shop.desk.erase(member_id)
    shop.desk.flush()
    shop.wait_change(member_id, Kind.CONTACT_SEEN, count=2)
    name = shop.raise_tier(member_id)
    assert shop.wait_change(name, deliveries.SUPPRESSED).reason == "erased"
    assert shop.mail.to(person["email"]) == []
    state = shop.system.member_state(member_id, "deliveries", deliveries.DeliveryState)
    assert state.erased and not state.HasField("personal") and not state.consents


def test_in_quiet_hours_the_message_waits_for_their_end(make_shop):
    now = datetime.datetime.now(SHANGHAI)
    start, end = now - datetime.timedelta(hours=1), now + datetime.timedelta(hours=2)
    shop = make_shop(HY_QUIET_HOURS=f"{start:%H:%M}-{end:%H:%M}")
    member_id, person = shop.enrol()
    queued = shop.wait_change(shop.raise_tier(member_id), deliveries.QUEUED)
    assert queued.reason == "quiet-hours"
    assert queued.due_ms == int(end.replace(second=0, microsecond=0).timestamp() * 1000)
    time.sleep(3)
    assert shop.mail.to(person["email"]) == []


def test_what_happened_long_ago_is_no_news(shop):
    member_id, person = shop.enrol()
    name = shop.raise_tier(member_id, at_ms=int(time.time() * 1000) - 100 * HOUR_MS)
    assert shop.wait_change(name, deliveries.SUPPRESSED).reason == "too-late"
    assert shop.mail.to(person["email"]) == []


def test_a_mail_server_that_says_later_is_asked_again_and_one_message_arrives(shop):
    member_id, person = shop.enrol()
    shop.mail.answers[person["email"]] = ["451 4.3.0 later", "421 4.3.2 shutting down"]
    name = shop.raise_tier(member_id)
    sent = shop.wait_change(name, deliveries.SENT)
    assert sent.attempt == 3
    assert shop.kinds(name) == ["QUEUED", "ATTEMPTED", "POSTPONED", "ATTEMPTED", "POSTPONED", "ATTEMPTED", "SENT"]
    assert len(shop.mail.to(person["email"])) == 1
    assert shop.of(name)[2].reason == "451 4.3.0 later"


def test_a_refusal_is_final_and_its_words_name_nobody(shop):
    member_id, person = shop.enrol()
    local = person["email"].split("@")[0]
    shop.mail.refused[person["email"]] = f"550 5.1.1 <{person['email']}> mailbox {local} is unknown here"
    name = shop.raise_tier(member_id)
    assert shop.wait_change(name, deliveries.GIVEN_UP).reason == "550 5.1.1 mailbox is unknown here"
    assert shop.kinds(name) == ["QUEUED", "ATTEMPTED", "GIVEN_UP"]


def test_a_webhook_is_signed_and_has_the_same_key_each_time(shop):
    member_id, person = shop.enrol("Bo", members.EN, email=False, sms=True)
    shop.webhook.statuses = [503, 429]
    before = len(shop.webhook.requests)
    name = shop.raise_tier(member_id)
    shop.wait_change(name, deliveries.SENT)
    requests = shop.webhook.requests[before:]
    assert len(requests) == 3
    for headers, body in requests:
        headers = {key.lower(): value for key, value in headers.items()}
        assert headers["idempotency-key"] == headers["webhook-id"] == name
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        signed = f"{name}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert headers["content-type"] == "application/json"
        text = json.loads(body)
        assert (text["id"], text["channel"], text["to"], text["language"]) == (name, "sms", person["phone"], "en")
        assert text["text"].startswith(f"Congratulations, {person['name']}!")


def test_a_webhook_that_refuses_a_message_is_not_asked_again(shop):
    member_id, _ = shop.enrol(email=False, sms=True)
    shop.webhook.statuses = [401, 422]
    name = shop.raise_tier(member_id)
    assert shop.wait_change(name, deliveries.GIVEN_UP).reason == "HTTP 422"
    assert shop.kinds(name) == ["QUEUED", "ATTEMPTED", "POSTPONED", "ATTEMPTED", "GIVEN_UP"]


def test_who_has_no_mail_address_gets_an_sms(shop):
    member_id, person = shop.enrol(email=True, sms=True, address="")
    name = shop.raise_tier(member_id)
    shop.wait_change(name, deliveries.SENT)
    assert [change.channel for change in shop.of(name) if change.kind == deliveries.ATTEMPTED] == [members.EMAIL, members.SMS]
    assert json.loads(shop.webhook.requests[-1][1])["to"] == person["phone"]


def test_an_address_that_would_carry_commands_goes_nowhere(shop):
    evil = f"{secrets.token_hex(6)}@mail.example>\r\nRCPT TO:<{secrets.token_hex(6)}@mail.example"
    member_id, _ = shop.enrol(address=evil)
    mails = len(shop.mail.mails)
    name = shop.raise_tier(member_id)
    assert shop.wait_change(name, deliveries.GIVEN_UP).reason == "the address or the subject is not allowed"
    assert len(shop.mail.mails) == mails


def test_without_the_tls_that_is_required_nothing_is_sent(make_shop):
    shop = make_shop(HY_SMTP_TLS="required")
    member_id, _ = shop.enrol()
    name = shop.raise_tier(member_id)
    shop.wait_change(name, deliveries.POSTPONED)
    assert shop.mail.mails == []


def login_or_leave(_server, _session, _envelope, _mechanism, login):
    return AuthResult(success=(login.login, login.password) == (b"shop", b"s:cret"), auth_data=login)


def certified():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    return context


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # smtps is TLS from the first byte
@pytest.mark.parametrize(
    "scheme, security",
    [("smtps", {"ssl_context": certified()}), ("smtp", {"tls_context": certified(), "require_starttls": True})],
)
def test_password_and_mail_go_over_tls_to_a_server_that_is_trusted(make_shop, scheme, security):
    server = MailServer(
        authenticator=login_or_leave, auth_required=True, auth_require_tls=scheme == "smtp", **security
    )
    url = f"{scheme}://shop:s%3Acret@127.0.0.1:{server.port}"
    shop = make_shop(mail=server, HY_SMTP_URL=url, HY_SMTP_TLS="required", HY_CA_FILE=str(TLS / "certificate.pem"))
    member_id, person = shop.enrol()
    shop.wait_change(shop.raise_tier(member_id), deliveries.SENT)
    assert len(shop.mail.to(person["email"])) == 1
    assert shop.mail.ways == [("shop", True)]
    assert "s:cret" not in shop.notification.log.read_text() and "s%3Acret" not in shop.notification.log.read_text()


def test_to_a_server_that_nobody_vouches_for_nothing_is_sent(make_shop):
    shop = make_shop(mail=MailServer(tls_context=certified(), require_starttls=True))
    member_id, _ = shop.enrol()
    reason = shop.wait_change(shop.raise_tier(member_id), deliveries.POSTPONED).reason
    assert "certificate" in reason
    assert shop.mail.mails == []


def test_killed_between_sending_and_recording_an_email_is_not_sent_again(shop):
    member_id, person = shop.enrol()
    shop.mail.hold(person["email"])
    name = shop.raise_tier(member_id)
    assert shop.mail.waiting.wait(20), "the mail is on its way"
    shop.notification.kill()
    shop.mail.release(person["email"])
    shop.notification.start().wait_ready()
    assert shop.wait_change(name, deliveries.UNCERTAIN, seconds=60).reason == "no-result"
    time.sleep(4)  # longer than any pause
    assert len(shop.mail.to(person["email"])) == 1
    assert shop.kinds(name) == ["QUEUED", "ATTEMPTED", "UNCERTAIN"]
    # The house goes on.
    shop.wait_change(shop.raise_tier(member_id), deliveries.SENT)
    assert len(shop.mail.to(person["email"])) == 2


def test_told_to_stop_it_finishes_what_is_under_way(shop):
    member_id, person = shop.enrol()
    shop.mail.hold(person["email"])
    name = shop.raise_tier(member_id)
    assert shop.mail.waiting.wait(20), "the mail is on its way"
    threading.Timer(1, shop.mail.release, [person["email"]]).start()
    assert shop.notification.stop() < 5
    shop.notification.start().wait_ready()
    shop.wait_change(name, deliveries.SENT)
    assert len(shop.mail.to(person["email"])) == 1


def test_a_mail_server_that_takes_it_and_says_nothing_gets_it_once(shop):
    """No crash is needed for not knowing: the connection dies after the last dot."""
    member_id, person = shop.enrol()
    shop.mail.hold(person["email"])
    name = shop.raise_tier(member_id)
    shop.wait_change(name, deliveries.UNCERTAIN, seconds=40)
    time.sleep(3)
    assert len(shop.mail.to(person["email"])) == 1


def test_killed_while_a_webhook_is_asked_it_is_asked_again_with_the_same_key(shop):
    member_id, _ = shop.enrol(email=False, sms=True)
    shop.webhook.hold = threading.Event()
    name = shop.raise_tier(member_id)
    wait_until(lambda: shop.webhook.keys().count(name) == 1, "the request has arrived", 20)
    shop.notification.kill()
    shop.webhook.hold.set()
    shop.notification.start().wait_ready()
    assert shop.wait_change(name, deliveries.SENT, seconds=60).attempt == 2
    assert shop.webhook.keys().count(name) == 2


def test_of_many_each_arrives_once_while_the_service_is_killed_again_and_again(shop):
    people = dict(shop.enrol(email=False, sms=True) for _ in range(20))
    names = []
    for number, member_id in enumerate(people):
        names.append(shop.raise_tier(member_id))
        if number % 8 == 4:
            shop.notification.kill()
            shop.notification.start().wait_ready()
    for name in names:
        shop.wait_change(name, deliveries.SENT, seconds=60)
    # As a provider counts that knows repeats by their key.
    assert set(shop.webhook.keys()) >= set(names)
    sent = Counter(change.delivery_id for _, change in shop.changes if change.kind == deliveries.SENT)
    assert {name: sent[name] for name in names} == dict.fromkeys(names, 1)


def test_a_template_with_a_fault_stops_the_start_and_is_named(shop, tmp_path):
    (tmp_path / "hello.zh.txt").write_text("subject: 您好\nsms: 您好\n\n您好，{nme}\n", encoding="utf-8")
    service = shop.system.start_notification("wrong", HY_TEMPLATES_DIR=str(tmp_path))
    assert service.process.wait(20) != 0
    service.process = None
    assert "hello.zh.txt:4: {nme} is no placeholder" in service.log.read_text(encoding="utf-8")


def test_the_tallies_are_the_sums_of_the_log_and_verify_is_green(shop):
    """After all of the above: what was sent, suppressed, given up, and what nobody knows."""
    shop.log.read()
    counts = Counter(change.kind for _, change in shop.changes)
    expected = {
        "sent": counts[deliveries.SENT],
        "suppressed": counts[deliveries.SUPPRESSED],
        "given_up": counts[deliveries.GIVEN_UP],
        "uncertain": counts[deliveries.UNCERTAIN],
    }
    assert all(expected.values()), expected
    wait_until(lambda: shop.tallies() == expected, lambda: f"{shop.tallies()} instead of {expected}", 10)
    for log in "members", "deliveries":  # the others are written by hand
        shop.system.ctl("verify", "--deep", "--log", log)


def everything_in_kafka(system):
    consumer = Consumer({"bootstrap.servers": system.backend.brokers, "group.id": "tests-everything", "fetch.wait.max.ms": 20})
    try:
        for name, topic in consumer.list_topics(timeout=20).topics.items():
            for number in topic.partitions if name.startswith(system.topic_prefix) else ():
                place = TopicPartition(name, number, 0)
                end = consumer.get_watermark_offsets(place, timeout=20)[1]
                consumer.assign([place])
                reached = 0
                while reached < end:
                    for message in consumer.consume(1000, timeout=0.5):
                        assert message.error() is None, message.error()
                        reached = message.offset() + 1
                        yield (message.key() or b"") + b" " + (message.value() or b"")
    finally:
        consumer.close()


def everything_in_redis(system):
    for key in system.redis.scan_iter(f"{system.redis_prefix}*", count=1000):
        yield key
        yield system.redis.dump(key)
        if system.redis.type(key) == b"string":
            yield system.redis.get(key)


def test_nothing_personal_is_in_kafka_redis_or_logs(shop):
    """After all that the tests before have sent, refused and postponed."""
    assert shop.mail.mails and shop.webhook.requests
    kept = list(everything_in_kafka(shop.system)) + list(everything_in_redis(shop.system))
    kept += [service.log.read_bytes() for service in shop.system.services]
    assert len(kept) > 50
    for person in shop.people:
        for words in filter(None, (person["name"], person["phone"], person["phone"][1:], person["email"].split("@")[0])):
            found = [text for text in kept if words.encode() in text]
            assert not found, f"{words} is in {found[0][:300]}"
