"""The member's page once tier has seen the member: the tier, how it is kept, what is missing for the next one, in words."""

import pytest
import requests

from backend import ROOT, wait_until
from store import line, purchase


@pytest.fixture
def shop(make_system):
    """With the program of ./dev, whose ladder has names."""
    system = make_system()
    system.ctl("program", "publish", ROOT / "deploy" / "dev" / "program.yaml")
    system.start_accrual().wait_ready()
    system.start_tier().wait_ready()
    return system


def test_a_member_rises_and_the_page_says_what_comes_next(shop):
    url = shop.gateway_url

    def page():
        return requests.get(f"{url}/v1/members/riser", timeout=30).json()

    def bought(yuan):
        body = purchase("riser", lines=[line(paid_fen=yuan * 100)])
        answer = requests.post(f"{url}/v1/purchases", json=body, timeout=30)
        assert answer.status_code == 201, answer.text

    bought(700)
    first = wait_until(lambda: (shown := page()).get("tier") and shown["tier"], "tier on the page", 20)
    assert first["growth"] == 700 and first["year_spend_fen"] == 70000
    assert first["next"]["id"] == "silver" and first["next"]["name_zh"] == "银卡"
    assert first["next"]["growth"] > 300 - 1
    assert first["next"]["progress_zh"].startswith("还差 ") and first["next"]["progress_zh"].endswith("升银卡")
    assert "growth more for" in first["next"]["progress_en"]
    bought(800)
    silver = wait_until(lambda: (shown := page()["tier"])["id"] == "silver" and shown, "silver", 20)
    assert (silver["name_zh"], silver["next"]["id"], silver["growth"]) == ("银卡", "gold", 1500)
    entries = wait_until(
        lambda: (
            (listed := requests.get(f"{url}/v1/members/riser/entries", timeout=30).json()["entries"])[0]["type"]
            == "TIER_TAKEN"
            and listed
        ),
        "the tier in the ledger",
        20,
    )
    taken = entries[0]
    assert (taken["points"], taken["tier"], "purchase_id" in taken) == (0, "silver", False)
    assert [entry["type"] for entry in entries[1:]] == ["EARN", "EARN"]
    assert taken["balance_after"] == entries[1]["balance_after"]
