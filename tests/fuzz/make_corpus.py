#!/usr/bin/env python3
"""Makes tests/fuzz/corpus anew: seeds from the golden files, the sample campaigns, and messages as the services write
them. The same files on every run:  .dev/venv/bin/python tests/fuzz/make_corpus.py

Files of other names (what record.py took from a running system) stay as they are.
"""
import hashlib
import json
import pathlib
import re
import sys
from datetime import datetime
from decimal import Decimal

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from parts import number, part  # noqa: E402
from protos import campaigns, commands, common, deliveries, members, points, projection, purchases, tiers  # noqa: E402

GOLDEN = ROOT / "tests" / "golden" / "points"
AT_MS = 1779955200000  # the moment at which services.c begins
MEMBERS, POINTS, TIERS, CAMPAIGNS, DELIVERIES = range(1, 6)
RECORD_OF = 10  # + the number above
SECONDS = 20


def put(target, name, data):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def fen(yuan):
    return int(Decimal(yuan) * 100)


def golden_purchases(file, most):
    """Purchases of a golden file as the fields of the contract."""
    blocks = re.split(r"\n(?=purchase )", (GOLDEN / file).read_text())[1 : most + 1]
    for count, block in enumerate(blocks):
        tier, channel, store, at = block.splitlines()[0].removeprefix("purchase ").split(" | ")
        made = {
            "purchase_id": f"P-{count}",
            "member_id": "m1",
            "store_id": store,
            "channel": channel,
            "occurred_at_ms": int(datetime.fromisoformat(at).timestamp() * 1000),
            "lines": [],
        }
        for line in re.findall(r"^line (.*) =>", block, re.M):
            line_id, category, brand, paid = (text.strip() for text in line.split("|"))
            made["lines"].append(
                {"line_id": line_id, "category": category, "brand": brand, "paid_fen": fen(paid)}
            )
        for pay in re.findall(r"^pay (.*)$", block, re.M):
            method, amount = pay.split(" | ")
            made.setdefault("payments", []).append({"method": method, "amount_fen": fen(amount)})
        yield made


def event(fields):
    fields = dict(fields)
    lines, payments = fields.pop("lines"), fields.pop("payments", [])
    purchase = purchases.Purchase(**{**fields, "channel": purchases.Channel.Value(fields["channel"])})
    for line in lines:
        purchase.lines.add(**line)
    for payment in payments:
        purchase.payments.add(
            method=purchases.PaymentMethod.Value(payment["method"]), amount_fen=payment["amount_fen"]
        )
    return purchases.StoreEvent(purchase=purchase, command_id="c-1", reply_to="gw-1").SerializeToString()


def make_purchases():
    for count, fields in enumerate(golden_purchases("shop.txt", 40)):
        if count % 4 == 0 or fields.get("payments"):
            put("purchase", f"golden-{count}", event(fields))
        if count % 8 == 0:
            put("json", f"purchase-{count}", b"p" + json.dumps(fields, ensure_ascii=False).encode())
    fields["occurred_at"] = "2026-05-28T10:00:00.250+08:00"
    del fields["occurred_at_ms"]
    put("json", "purchase-text-time", b"p" + json.dumps(fields, ensure_ascii=False).encode())


def make_bodies():
    person = {
        "phone": "13920260001",
        "name": "李 小龙",
        "birthday": "1992-02-29",
        "email": "xiaolong.li@example.com",
        "language": "en",
        "consents": {"email": True, "sms": False, "push": False, "social": True},
    }
    put("json", "member-new", b"m" + json.dumps(person, ensure_ascii=False).encode())
    put("json", "member-patch", b'u{"name": null, "email": "", "consents": {"sms": true}, "language": "zh"}')
    put("json", "redemption", b'r{"store_id": "S1", "purchase_id": "P-1", "redemption_id": "R-1"}')


# --- services ---


def sealed():
    return members.Sealed(nonce=bytes(24), ciphertext=bytes(range(32)))


def profile(**fields):
    made = commands.OpenMember(personal=sealed(), birthday=604, language=members.ZH, **fields)
    made.consents.add(channel=members.EMAIL, granted=True)
    made.consents.add(channel=members.SMS, granted=True)
    return made


def command(to, member_id, name, **body):
    made = commands.Command(
        command_id=name, member_id=member_id, issued_at_ms=AT_MS, to=to, reply_to="gw-1", **body
    )
    return made.SerializeToString()


def record(member_id, body):
    return common.Record(
        input_id="i-1",
        member_id=member_id,
        event_time_ms=AT_MS,
        outcome=common.OUTCOME_ACCEPTED,
        entry=1,
        body=body.SerializeToString(),
    ).SerializeToString()


def make_services():
    enrol = part(
        MEMBERS,
        command("members", "phone/0a", "c-1", enrol_member=commands.EnrolMember(member_id="m1", profile=profile())),
    )
    update = part(
        MEMBERS,
        command("members", "m1", "c-2", update_member=commands.UpdateMember(version=1, personal=sealed(), birthday=608)),
    )
    erase = part(MEMBERS, command("members", "m1", "c-3", erase_member=commands.EraseMember()))
    buy = b""
    for count, fields in enumerate(golden_purchases("shop.txt", 3)):
        fields |= {"occurred_at_ms": AT_MS - 1000 + count, "purchase_id": f"P-{count}"}
        fields["lines"] = [{"line_id": "1", "category": "MEAT", "paid_fen": 400000 * (count + 1)}]
        buy += part(POINTS, event(fields | {"payments": []}))
    days = [number(SECONDS, 24 * 3600 * count) for count in (1, 7, 40, 380)]
    put("services", "enrol-buy-birthday", enrol + buy + days[1] + buy + days[0])
    put("services", "enrol-twice-erase", enrol + enrol + update + erase + enrol + days[0])
    put("services", "a-year", enrol + buy + days[3] + buy + days[2])
    redeem = commands.RedeemCoupon(store_id="S1", purchase_id="P-1", redeemed_at_ms=AT_MS, redemption_id="R-1")
    put("services", "redeem", part(CAMPAIGNS, command("campaigns", "coupon/7K3M9QXT2B4C", "c-4", redeem_coupon=redeem)))
    result = commands.DeliveryResult(delivery_id="campaigns-0-1-0", attempt=1, outcome=commands.DELIVERED, detail="ok")
    sent = part(DELIVERIES, command("deliveries", "m1", "c-5", delivery_result=result))
    raised = tiers.TierChange(
        kind=tiers.RAISED, tier="gold", since_ms=AT_MS, reason="growth", growth=5000, reached_ms=AT_MS, day=20601
    )
    taken = points.PointsChange(type=points.EARN, points=100, balance_after=100, money_fen=10000, total_fen=10000)
    put("services", "records", part(RECORD_OF + TIERS, record("m1", raised)) + days[0] + sent
        + part(RECORD_OF + POINTS, record("m1", taken)))
    coupon = campaigns.Coupon(code="7K3M9QXT2B4C", campaign_id="birthday", campaign_version=1, name_zh="券", name_en="C",
                              value_fen=2000, issued_at_ms=AT_MS, expires_at_ms=AT_MS + 86400000)
    origin = commands.Origin(log="campaigns", number=1)
    open_ = commands.Command(command_id="campaigns-0-0-1", member_id="coupon/7K3M9QXT2B4C", issued_at_ms=AT_MS, to="campaigns",
                             origin=origin, open_coupon=commands.OpenCoupon(member_id="m1", code="7K3M9QXT2B4C", coupon=coupon))
    put("services", "coupon", part(CAMPAIGNS, open_.SerializeToString())
        + part(CAMPAIGNS, command("campaigns", "coupon/7K3M9QXT2B4C", "c-4", redeem_coupon=redeem)) * 2)


# --- states and logs ---

WATERMARK, MEMBER, PAGE, LOG = 6, 7, 8, 9


def receipts(first, count):
    return [
        projection.Receipt(
            input_id=f"P-{first + i}",
            content_hash=first + i,
            event_time_ms=AT_MS + i,
            seq=3,
            index=i,
            note=b"\x08\x64",
            entry=first + i,
            outcome=common.OUTCOME_ACCEPTED,
        )
        for i in range(count)
    ]


def states():
    day = tiers.DaySpend(day=20601, money_fen=10000)
    standing = tiers.TierStanding(tier="gold", since_ms=AT_MS, reason="growth", growth=5000)
    coupon = campaigns.Coupon(
        code="7K3M9QXT2B4C", campaign_id="birthday", campaign_version=1, issued_at_ms=AT_MS, expires_at_ms=AT_MS + 1
    )
    pending = deliveries.PendingDelivery(
        delivery_id="campaigns-0-1-0", template="birthday", channel=members.EMAIL, attempt=1, due_ms=AT_MS, under_way=True
    )
    consent = members.Consent(channel=members.EMAIL, granted=True, changed_at_ms=AT_MS)
    return [
        members.MemberProfile(version=2, identity="phone/0a", personal=sealed(), birthday=604, language=members.ZH,
                              consents=[consent], enrolled_at_ms=AT_MS),
        points.PointsState(balance=300, earned=300, last_purchase_at_ms=AT_MS, spend_fen=30000, purchases=3,
                           tiers=[points.TierSpan(tier="gold", since_ms=AT_MS)]),
        tiers.TierState(tier="gold", since_ms=AT_MS, growth=5000, days=[day], year_spend_fen=10000, months=3, month=24316,
                        last_purchase_at_ms=AT_MS, reason="growth", next_tier="diamond", growth_to_next=5001,
                        review_at_ms=AT_MS + 86400000, program_version=1, reached_ms=AT_MS, counted=standing),
        campaigns.CampaignState(enrolled=True, birthday=604, tier="gold", coupons=[coupon], looked_at_ms=AT_MS,
                                turns=[campaigns.CampaignTurn(campaign_id="birthday", occasion="2026")]),
        deliveries.DeliveryState(personal=sealed(), language=members.ZH, consents=[consent], pending=[pending], sent=1,
                                 last_sent_at_ms=AT_MS),
    ]


def make_states():
    for log, state in enumerate(states()):
        member = projection.MemberState(
            seq=3, state=state.SerializeToString(), entries=70, newest_ms=[AT_MS], first_page=0, member_id="m1",
            tail=receipts(65, 6), due_ms=AT_MS,
        )
        page = projection.ReceiptPage(receipts=receipts(1, 64))
        changes = [part(10, record("m1", body)) + part(log + 1, state.SerializeToString()) for body in bodies(log)]
        put("states", f"state-{log}", b"".join(changes))
        put("states", f"member-{log}", number(LOG, log) + part(MEMBER, member.SerializeToString())
            + part(PAGE, page.SerializeToString()))
    mark = common.EmissionMark(log="tiers", partition=3, number=17)
    watermark = projection.Watermark(seq=9, offset=11, claim=5, tallies=[4, -1], emitted=[mark], taken=[mark], members=2,
                                     unsent_seq=8, unsent_offset=10, unsent_claim=5, opening=77)
    put("states", "watermark", part(WATERMARK, watermark.SerializeToString()))


def bodies(log):
    """Changes as each service writes them, in an order that can happen."""
    coupon = campaigns.Coupon(code="7K3M9QXT2B4C", campaign_id="birthday", issued_at_ms=AT_MS, expires_at_ms=AT_MS + 1)
    kinds = campaigns.CampaignChangeKind
    consent = members.Consent(channel=members.EMAIL, granted=True, changed_at_ms=AT_MS)
    return [
        [
            members.MemberChange(kind=members.ENROLLED, identity="phone/0a", version=1, personal=sealed(), birthday=604,
                                 consents=[consent]),
            members.MemberChange(kind=members.UPDATED, version=2, birthday=605, language=members.EN),
            members.MemberChange(kind=members.ERASED, version=3),
        ],
        [
            points.PointsChange(
                type=points.EARN, points=100, balance_after=100, store_id="S1", tier="ordinary", money_fen=10000,
                total_fen=10000, rules=[points.AppliedRule(rule_id="base", rule_version=1, factor_hundredths=100)],
                lines=[points.LinePosting(line_id="1", paid_fen=10000, points=100, rules=[0])],
            ),
            points.PointsChange(type=points.TIER_TAKEN, balance_after=100, tier="gold", tier_since_ms=AT_MS),
            points.PointsChange(type=points.EARN, points=0, balance_after=100, reason="no-money", total_fen=5),
        ],
        [
            tiers.TierChange(kind=tiers.COUNTED, growth=100, growth_change=100, money_change_fen=10000, day=20601,
                             year_spend_fen=10000, reached_ms=AT_MS, review_at_ms=AT_MS + 1),
            tiers.TierChange(kind=tiers.RAISED, tier="gold", since_ms=AT_MS, growth=5001, growth_change=4901, day=20602,
                             money_change_fen=490100, year_spend_fen=500100, reason="growth", reached_ms=AT_MS),
            tiers.TierChange(kind=tiers.LOWERED, tier_before="gold", tier="silver", since_ms=AT_MS, reached_ms=AT_MS + 1,
                             counted=tiers.TierStanding(tier="gold", reason="growth", growth=5001)),
        ],
        [
            campaigns.CampaignChange(kind=kinds.MEMBER_SEEN, birthday=604, looked_at_ms=AT_MS),
            campaigns.CampaignChange(kind=kinds.TIER_SEEN, tier="gold"),
            campaigns.CampaignChange(kind=kinds.ENTERED, campaign_id="birthday", campaign_version=1, occasion="2026"),
            campaigns.CampaignChange(kind=kinds.COUPON_ISSUED, campaign_id="birthday", coupon=coupon),
            campaigns.CampaignChange(kind=kinds.COUPON_SPENT, campaign_id="birthday", coupon=coupon),
        ],
        [
            deliveries.DeliveryChange(kind=deliveries.CONTACT_SEEN, personal=sealed(), consents=[consent]),
            deliveries.DeliveryChange(kind=deliveries.QUEUED, delivery_id="d", template="birthday", due_ms=AT_MS,
                                      parameters=[deliveries.DeliveryParameter(name="a", value="b")]),
            deliveries.DeliveryChange(kind=deliveries.ATTEMPTED, delivery_id="d", channel=members.EMAIL, attempt=1,
                                      due_ms=AT_MS + 1),
            deliveries.DeliveryChange(kind=deliveries.SENT, delivery_id="d", attempt=1),
        ],
    ][log]


def full_record(log, entry, body):
    """With something in every field."""
    return common.Record(
        input_id=f"i-{entry}", content_hash=entry, member_id="m1", event_time_ms=AT_MS + entry, entry=entry,
        outcome=common.OUTCOME_ACCEPTED, source=1, offset=entry, program_version=1, body=body.SerializeToString(),
        note=b"\x08\x64", command_id="3-0123456789abcdef", reply_to="gw-1", input_class=entry % 5, answer=b"\x0a\x00",
        emissions=[common.Emission(to="dead-letters", partition=3, number=entry, payload=b"x", key="k")],
        taken=common.EmissionMark(log="members", partition=1, number=entry), source_index=2,
    )


def make_logs():
    refused = common.Record(input_id="x", member_id="m2", outcome=common.OUTCOME_CONFLICT, code="id_reused", field="f",
                            original=common.RecordName(partition=1, seq=1, index=0))
    for log in range(5):
        claim = common.LogMessage(claim=common.Claim(claim=5, instance="a", recorded_at_ms=AT_MS)).SerializeToString()
        seed, previous = part(1, claim), b""
        for seq, body in enumerate(bodies(log), start=1):
            block = common.Block(
                claim=5, seq=seq, recorded_at_ms=AT_MS, previous_hash=previous, emitted_through=seq - 1,
                positions=[common.Position(topic="commands", next_offset=seq, claim=5, seq=seq, taken=1)],
                records=[full_record(log, seq, body), refused],
            )
            message = common.LogMessage(block=block).SerializeToString()
            previous = hashlib.blake2b(message, digest_size=32).digest()
            seed += part(1, message)
        put("log", f"log-{log}", number(LOG, log) + seed)
        put("log", f"unchained-{log}", number(LOG, log + 5) + seed + part(1, message) + part(1, claim) + part(2, claim))


# --- files ---


def make_documents():
    for path in [ROOT / "deploy/dev/program.yaml", *(GOLDEN / f"random-{count}.yaml" for count in (1, 4)), GOLDEN / "shop.yaml"]:
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        put("documents", f"program-{path.stem}", b"p" + "\n".join(lines).encode())
    for path in sorted((ROOT / "deploy/dev/campaigns").glob("*.yaml")):
        lines = [line.partition("  #")[0] for line in path.read_text().splitlines() if not line.startswith("#")]
        put("documents", f"campaign-{path.stem}", b"c" + "\n".join(lines).encode())
    for path in sorted((ROOT / "deploy/templates").glob("*.zh.txt")):
        put("documents", f"template-{path.stem}", b"t" + path.read_bytes())
    put("documents", "template", "t# 注释\nsubject: 生日快乐，{name}\nsms: {{ {coupon_code}\n\n{coupon_name}\n{tier}\n".encode())


def make_rows():
    header = "purchase_id,member_id,store_id,channel,occurred_at,line_id,sku,category,brand,quantity,paid,payment_method\r\n"
    at = "2026-05-28T10:00:00+08:00"
    rows = [
        f'P-1,m1,S1,STORE,{at},1,"a, b",MEAT,"x ""y""",1,12.50,CASH\r\n',
        f"P-1,m1,S1,STORE,{at},2,s,,,,0.05,CARD\r\n",
        f'P-2,m2,S1,APP,{at},1,"two\nlines",,,3,1000,\n',
        f"P-3,m2,S1,APP,{at},1,s,,,x,1.999,GOLD\n\n",
        f"P-4,,S1,ONLINE,{at},1,s,,,1,5,CASH",
    ]
    put("rows", "csv", ("c\ufeff" + header + "".join(rows)).encode())
    put("rows", "csv-fen", b"ipurchase_id,member_id,store_id,channel,occurred_at_ms,line_id,paid_fen,currency,more\n"
        b"P-1,m1,S1,STORE,1779955200000,1,100,CNY,x\nP-1,m1,S1,STORE,1779955200000,2,100,CNY,x\n")
    purchases_ = [json.dumps(fields, ensure_ascii=False) for fields in golden_purchases("shop.txt", 3)]
    put("rows", "ndjson", ("n" + "\n".join([purchases_[0], "", "{", purchases_[1] + "\r", purchases_[2]])).encode())


# --- requests ---

METHOD, PATH, HEADER, HEADER_VALUE, QUERY, QUERY_VALUE, BODY, SWITCHES, ANSWER, STATE = 1, 2, 3, 4, 5, 6, 7, 8, 10, 11
PAGES, VALUE, PERSONAL = 15, 16, 17


def request(method, path, headers={}, queries={}, body=None, switches=0, parts=b""):
    made = part(METHOD, method.encode()) + part(PATH, path.encode()) + number(SWITCHES, switches)
    for name, value in headers.items():
        made += part(HEADER, name.encode()) + part(HEADER_VALUE, value.encode())
    for name, value in queries.items():
        made += part(QUERY, name.encode()) + part(QUERY_VALUE, value.encode())
    if body is not None:
        made += part(HEADER, b"Content-Type") + part(HEADER_VALUE, b"application/json")
        made += part(BODY, json.dumps(body, ensure_ascii=False).encode())
    return made + parts


def answer(body=b"", outcome=common.OUTCOME_ACCEPTED, **rest):
    made = projection.Answer(command_id="3-0123456789abcdef", outcome=outcome, body=body, **rest)
    made.record.seq = 3
    return part(ANSWER, made.SerializeToString())


def kept():
    made = b""
    for log, state in enumerate(states()[:4]):
        member = projection.MemberState(seq=3, state=state.SerializeToString(), entries=70, newest_ms=[AT_MS],
                                        member_id="m1", tail=receipts(65, 6))
        made += part(STATE + log, member.SerializeToString())
    person = members.PersonalData(phone="+8613920260001", name="李 小龙", birthday="1992-02-29", email="li@example.com")
    made += part(PERSONAL, person.SerializeToString())
    return made + part(PAGES, projection.ReceiptPage(receipts=receipts(1, 4)).SerializeToString())


def make_requests():
    person = {"phone": "13920260001", "name": "李 小龙", "birthday": "1992-02-29", "consents": {"email": True}}
    purchase = next(golden_purchases("shop.txt", 1))
    coupon = campaigns.Coupon(code="7K3M9QXT2B4C", campaign_id="birthday", name_zh="券", name_en="C", value_fen=2000,
                              issued_at_ms=AT_MS, expires_at_ms=AT_MS + 1)
    earned = points.PointsAnswer(purchase_id="P-0", member_id="m1", points=5, balance=10,
                                 lines=[points.LinePoints(line_id="1", points=5)]).SerializeToString()
    enrolled = members.MemberAnswer(member_id="m1", created=True, version=1).SerializeToString()
    known = members.MemberAnswer(member_id="m1", version=1).SerializeToString()
    redeemed = campaigns.CouponAnswer(code=coupon.code, member_id="m1", coupon=coupon).SerializeToString()
    opened = projection.MemberState(seq=1, entries=1, member_id="coupon/7K3M9QXT2B4C",
                                    state=campaigns.CampaignState(coupon=coupon, member_id="m1").SerializeToString())
    at_coupon = part(STATE + 3, opened.SerializeToString())
    key = {"Idempotency-Key": '"S001-20261122-0042"', "Prefer": "wait=3, respond-async",
           "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    declined = answer(outcome=common.OUTCOME_DECLINED, code="coupon_redeemed")
    found = {
        "buy": request("POST", "/v1/purchases", key, body=purchase, parts=answer(earned)),
        "buy-again": request("POST", "/v1/purchases", key, body=purchase, switches=16,
                             parts=part(VALUE, b"0123456789abcdef") + answer(earned, common.OUTCOME_DUPLICATE)),
        "buy-pending": request("POST", "/v1/purchases", key, body=purchase, switches=4),
        "buy-with-key": request("POST", "/v1/purchases", {"Authorization": "Bearer hy_store_KEY"}, body=purchase, switches=1,
                                parts=answer(earned)),
        "command": request("GET", "/v1/commands/3-0123456789abcdef", parts=part(VALUE, answer(earned)[2:])),
        "enrol": request("POST", "/v1/members", key, body=person, parts=answer(enrolled) + kept()),
        "enrol-known": request("POST", "/v1/members", body=person, parts=answer(known)),
        "find": request("GET", "/v1/members", queries={"phone": "+8613920260001"}, parts=kept()),
        "show": request("GET", "/v1/members/m1", {"If-None-Match": '"3-70.v2", *'}, parts=kept()),
        "patch": request("PATCH", "/v1/members/m1", {"If-Match": '"3-70.3-70.3-70.3-70.v2"'},
                         body={"name": None, "email": "a@b.cn"}, parts=kept() + answer(enrolled)),
        "erase": request("DELETE", "/v1/members/m1", {"If-Match": "*"}, parts=kept() + answer(enrolled)),
        "entries": request("GET", "/v1/members/m1/entries", queries={"limit": "5", "cursor": "AQAAAAAAAABG"}, parts=kept()),
        "coupon": request("GET", "/v1/coupons/7K3M 9QXT-2B4C", parts=at_coupon),
        "redeem": request("POST", "/v1/coupons/7K3M9QXT2B4C/redeem", key, body={"store_id": "S1", "purchase_id": "P-1"},
                          parts=at_coupon + answer(redeemed)),
        "redeem-declined": request("POST", "/v1/coupons/7K3M9QXT2B4C/redeem", body={"store_id": "S1", "redemption_id": "R"},
                                   parts=at_coupon + declined),
        "ready": request("GET", "/readyz", switches=32),
        "metrics": request("GET", "/metrics"),
        "openapi": request("GET", "/openapi.json", {"If-None-Match": '"x"'}),
    }
    for name, made in found.items():
        put("gateway", name, made)


# --- short texts ---


def make_texts():
    for name, text in {
        "rfc3339": "32026-11-22T14:03:00.250+08:00",
        "date": "d2024-02-29",
        "hundredths": "h1000.05",
        "cursor": "uAQAAAAAAAAAFmbz2gqDNqfo\nm1",
        "headers": 'Hwait=3, respond-async; foo="bar"\n"3-70.v2"',
        "key": 'H"S001-20261122-0042"',
        "etag": 'HW/"3-70.v2", "x", *\n"x"',
        "media": "Happlication/merge-patch+json; charset=utf-8",
        "trace": "t00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "command": "i3-0123456789abcdef",
        "phone": "P13800138000",
        "coupon": "c7K3M9QXT2B4C",
        "form": "f护肤 SALAD BAR",
        "secret": "fhy_store_0123456789ABCDEFGHJKMNPQRSTVWXYZ",
        "number": "sN5000",
        "redis": "rredis://user:p%40ss@[::1]:6379/3",
        "redis-local": "runix:///run/redis.sock?db=2",
        "quiet": "q21:00-09:00",
        "webhook": "wwhsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "mail": "m李 小龙\n生日快乐, " + "long " * 30,
        "address": "mli@example.com\nsubject",
        "sealed": "S" + "0" * 60,
    }.items():
        put("texts", name, text.encode())


# --- raw requests ---


def make_raw():
    for name, head, body in [
        ("get", ["GET /v1/members/a%20b%2F?q=x&flag HTTP/1.1", "Host: x", "Connection: close"], ""),
        ("post", ["POST /v1/purchases HTTP/1.1", "Host: x", "Content-Length: 2"], "{}"),
        ("chunked", ["POST /p HTTP/1.1", "Host: x", "Transfer-Encoding: chunked"], "5\r\nhello\r\n0\r\n\r\n"),
        ("both", ["POST /p HTTP/1.1", "Host: x", "Content-Length: 2", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
        ("twice", ["POST /p HTTP/1.1", "Host: x", "Content-Length: 2", "content-length: 3"], "abc"),
        ("continue", ["PUT /p HTTP/1.1", "Host: x", "Expect: 100-continue", "Content-Length: 1"], "x"),
        ("old", ["GET / HTTP/1.0"], ""),
        ("large", ["POST /p HTTP/1.1", "Host: x", "Content-Length: 600"], "y" * 600),
    ]:
        put("door", name, ("\r\n".join([*head, "", ""]) + body).encode())
    put("door", "pipelined", b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


if __name__ == "__main__":
    make_raw()
    make_texts()
    make_requests()
    make_documents()
    make_rows()
    make_states()
    make_logs()
    make_purchases()
    make_bodies()
    make_services()
