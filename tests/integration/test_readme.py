"""The examples of README.md and README.zh.md, run as they stand there, come to what is said there."""

import json
import os
import re
import shutil
import signal
import subprocess

import pytest

from backend import ROOT, wait_until
from system import BIN, SERVICES, System

PAGES = ("README.md", "README.zh.md")
# A word of each block: the tests below find it by that word.
BLOCKS = {
    "sh": ("./dev demo", "./dev env", "phone", "--json @-", "explain", "grpc_tools", "campaign", "hy-accrual"),
    "json": ("receipt-1001", "profile"),
    "python": ("confluent_kafka",),
    "text": ("[commands]", "128 → 128"),
}
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
BY_CHANCE = {"member_id": r"m[0-9a-z]{20}", "entry": r"\d+-\d+-\d+", "last_purchase_at": TIME, "enrolled_at": TIME}


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL)


def block(language, word, page="README.md"):
    """The only block with that word."""
    assert word in BLOCKS[language]
    (found,) = [text for text in blocks(page, language) if word in text]
    return found


def line_with(language, word, within):
    (line,) = [line for line in block(language, word).splitlines() if within in line]
    return line


def code_with(word, page="README.md"):
    """The only code within a sentence that begins with that word."""
    (found,) = re.findall(rf"`({re.escape(word)}[^`]*)`", re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL))
    return found


def without_comments(text):
    return re.sub(r" +# .*", "", text)


def changed(text, old, new):
    assert text.count(old) == 1
    return text.replace(old, new)


def without_chance(value, name=None):
    """What is drawn by chance, or is a time, gives way to its form."""
    if name in BY_CHANCE:
        assert re.fullmatch(BY_CHANCE[name], value), f"{name}: {value}"
        return BY_CHANCE[name]
    if isinstance(value, dict):
        return {name: without_chance(inner, name) for name, inner in value.items()}
    return [without_chance(inner) for inner in value] if isinstance(value, list) else value


# ---- the pages themselves


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_one_of_those_that_are_checked_here(page):
    found = re.findall(r"^```(\w*)\n", text_of(page), re.MULTILINE)[::2]  # every other one ends a block
    assert {language: found.count(language) for language in found} == {language: len(words) for language, words in BLOCKS.items()}
    for language, words in BLOCKS.items():
        assert len({block(language, word, page) for word in words}) == len(words)


@pytest.mark.parametrize("language", ["sh", "json", "python"])
def test_both_languages_show_the_same_commands(language):
    english, chinese = ([without_comments(text) for text in blocks(page, language)] for page in PAGES)
    assert english and english == chinese


def test_both_languages_have_the_same_parts_links_and_names():
    def bones(page):
        text = text_of(page)
        links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if link not in PAGES]
        return len(re.findall(r"^## ", text, re.MULTILINE)), links, re.findall(r"\bHY_\w+", text), re.findall(r"^\| \[(\w+)", text, re.MULTILINE)

    assert bones("README.md") == bones("README.zh.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)]+)\)", text_of(page)):
        path, _, anchor = link.partition("#")
        assert (ROOT / path).is_file(), link
        headings = re.findall(r"^#+ (.*)", text_of(path), re.MULTILINE)
        assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}, link


@pytest.mark.parametrize("page", PAGES)
def test_every_dev_command_that_is_shown_exists(page):
    shown = set(re.findall(r"\./dev (\w+)", text_of(page)))
    usage = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True, timeout=20).stdout
    assert {"demo", "test", "up"} <= shown <= {"help"} | set(re.findall(r"^  (\w+)", usage, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_docker_compose_is_called_as_its_own_page_says(page):
    assert code_with("docker compose", page) in text_of("deploy/docker/README.md")


# ---- a running shop


@pytest.fixture(scope="module")
def shop(backend):
    """What `./dev up` makes, on the tests' Kafka and Redis; the gateway is started by `shell`, when the keys are made."""
    system = System(backend, partitions=16, HY_DEVELOPMENT_CLOCK="true")
    try:
        system.ctl("program", "publish", ROOT / "deploy" / "dev" / "program.yaml")
        for start in (system.start_member, system.start_accrual, system.start_tier, system.start_campaign, system.start_notification):
            start()
        for service in system.services:
            service.wait_ready()
        yield system
        system.check_alive()
    finally:
        system.close()


class Shell:
    """Runs examples as one goes on typing them: what one exports, the next has. curl says each status on stderr."""

    def __init__(self, environment, home):
        self.home = home
        self.exported = home / "exported"
        self.exported.touch()
        (home / ".curlrc").write_text('write-out = "%{stderr}status %{http_code}\\n"\n')
        self.environment = environment | {"CURL_HOME": str(home)}

    def run(self, text, folder=ROOT):
        """What it printed, and the statuses of its requests."""
        leave = "kill $(jobs -p) 2>/dev/null || true; wait"
        script = f"source '{self.exported}'\ntrap '{leave}' EXIT\n{text}\nexport -p >'{self.exported}'\n"
        with subprocess.Popen(
            ["bash", "-euc", script], cwd=folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
        ) as process:  # fmt: skip
            try:
                printed, said = process.communicate(timeout=90)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        assert process.returncode == 0, f"{text}\n{printed}\n{said}"
        return printed, [int(status) for status in re.findall(r"^status (\d+)$", said, re.MULTILINE)]

    def ask(self, text):
        """Of the only request: its status and answer."""
        printed, (status,) = self.run(text)
        return status, json.loads(printed)


@pytest.fixture(scope="module")
def shell(shop, tmp_path_factory):
    """After `./dev up` with its API keys, and `eval "$(./dev env)"`."""
    home, development = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("development")
    environment = shop.environment | {"HY_BIN": str(BIN), "HY_DEV_DIR": str(development)}
    make_keys = "for part in lib services; do source deploy/dev/$part.sh; done; make_keys"
    subprocess.run(["bash", "-euc", make_keys], cwd=ROOT, env=environment, check=True, timeout=60, capture_output=True)
    gateway = shop.start_gateway(HY_ACCESS="keys")
    environment |= {
        "HY_DEV_HTTP_PORT": str(gateway.port),
        "HY_DEV_KAFKA_PORT": str(shop.backend.kafka_port),
        "HY_DEV_REDIS_PORT": str(shop.backend.redis_port),
    }
    shell = Shell(environment, home)
    up, env = block("sh", "./dev env").splitlines()
    assert up.startswith("./dev setup && ./dev build && ./dev up ")
    shell.run(f"{env}\nexport PATH='{BIN}':\"$PATH\"")  # HY_BIN may be another build than ./dev's
    return shell


@pytest.fixture(scope="module")
def member(shell):
    """The example's member, enrolled."""
    printed, statuses = shell.run(block("sh", "phone"))
    assert statuses == [201, 200]
    enrolled = json.loads(printed)
    assert enrolled["created"] is True
    assert shell.run("echo $MEMBER")[0].strip() == enrolled["member_id"]
    return enrolled["member_id"]


@pytest.fixture(scope="module")
def receipt(shell, member):
    """The example's purchase, taken."""
    status, body = shell.ask(block("sh", "--json @-"))
    assert (status, body["member_id"]) == (201, member)
    return body


def page_of(shell):
    return shell.ask(line_with("sh", "explain", "/members/$MEMBER "))


# ---- how it flows


@pytest.mark.parametrize("page", PAGES)
def test_the_picture_shows_what_each_service_really_reads_and_writes(shop, page):
    picture = block("text", "[commands]", page)
    rows = re.findall(r"^((?:\[[\w-]+\] +)+)─▶ (\w+) +─▶ \[(\w+)\]", picture, re.MULTILINE)
    assert {service: log for _, service, log in rows} == SERVICES
    for sources, _, log in rows:
        assert set(re.findall(r"[\w-]+", sources)) == set(shop.sources_of(log)), log
    listed = re.findall(rf"^{re.escape(shop.topic_prefix)}(\S+)", shop.ctl("topics", "list").stdout, re.MULTILINE)
    assert set(re.findall(r"\[([\w-]+)\]", picture)) <= set(listed)
    assert len(picture.splitlines()) <= 12


# ---- the example


def test_the_keys_that_are_named_are_of_these_roles(shell):
    for role in ("store", "marketing", "desk", "operations"):
        name = "HY_KEY" if role == "store" else f"HY_KEY_{role.upper()}"
        assert all(f"`{name}`" in text_of(page) for page in PAGES)
        assert shell.run(f"echo ${name}")[0].startswith(f"hy_{role}_")
    assert shell.run(code_with("huiyuanctl keys add"))[0].startswith("hy_store_")


def test_every_setting_that_is_named_exists(shell):
    known = set(re.findall(r"^export (HY_\w+)=", shell.run("./dev env")[0], re.MULTILINE))
    known |= set(re.findall(r"\bHY_\w+", text_of("docs/configuration.md")))
    assert set(re.findall(r"\bHY_\w+", text_of("README.md"))) <= known


def test_the_phone_once_more_is_the_same_member(shell, member):
    printed, statuses = shell.run(line_with("sh", "phone", "--json"))
    assert (statuses, json.loads(printed)) == ([200], {"member_id": member, "created": False})


def test_the_purchase_is_answered_as_shown(receipt):
    assert without_chance(receipt) == without_chance(json.loads(block("json", "receipt-1001")))


def test_the_same_request_gets_the_same_answer(shell, receipt):
    assert shell.ask(block("sh", "--json @-")) == (201, receipt)


def test_another_purchase_under_the_same_id_gets_422(shell, receipt):
    status, problem = shell.ask(changed(block("sh", "--json @-"), "12800", "12900"))
    assert (status, problem["code"], problem["field"]) == (422, "id_reused", "purchase_id")


def test_the_member_page_is_as_shown(shell, receipt):
    wait_until(lambda: "tier" in page_of(shell)[1], "the tier on the page", 20)
    status, page = page_of(shell)
    assert (status, without_chance(page)) == (200, without_chance(json.loads(block("json", "profile"))))


def test_the_entries_show_what_was_answered(shell, receipt):
    status, page = shell.ask(line_with("sh", "explain", "/entries"))
    assert (status, [(entry["entry"], entry["points"]) for entry in page["entries"]]) == (200, [(receipt["entry"], receipt["points"])])


@pytest.mark.parametrize("page", PAGES)
def test_the_explanation_of_the_points_has_the_lines_that_are_shown(shell, receipt, page):
    printed = [line.strip() for line in shell.run(line_with("sh", "explain", "explain receipt"))[0].splitlines()]
    shown = block("text", "128 → 128", page).splitlines()
    first = printed.index(shown[0])
    assert printed[first : first + len(shown)] == shown


def test_the_explanation_of_the_tier_is_in_both_languages(shell, receipt):
    wait_until(lambda: "tier" in page_of(shell)[1], "the tier on the page", 20)
    printed = shell.run(line_with("sh", "explain", "explain tier"))[0]
    assert all(part in printed for part in ("Ordinary", "missing for Silver: 614", "普通", "银卡"))


# ---- from another language


def test_the_python_example_publishes_a_purchase_that_counts_once(shop, shell, receipt, tmp_path):
    """In a folder that has nothing but the .proto file, as in a shop's own project."""
    (tmp_path / "proto").mkdir()
    shutil.copy(ROOT / "proto" / "purchases.proto", tmp_path / "proto")
    shell.run(block("sh", "grpc_tools"), tmp_path)
    publish = changed(block("python", "confluent_kafka"), "127.0.0.1:9092", shop.backend.brokers)
    publish = changed(publish, "hy.purchases", shop.topic("purchases"))
    (tmp_path / "publish.py").write_text(publish, encoding="utf-8")

    def balance():
        return page_of(shell)[1]["points"]["balance"]

    shell.run("python publish.py", tmp_path)
    wait_until(lambda: balance() == receipt["balance"] + 128, "the purchase arrives", 10)
    shell.run("python publish.py", tmp_path)
    shop.settle()
    assert balance() == receipt["balance"] + 128
    letters = [letter.code for letter in shop.dead_letters().values()]
    assert set(letters) <= {"id_reused"} and len(letters) <= 1  # the 422 above


def test_the_window_is_as_long_as_is_said():
    shown = subprocess.run([BIN / "hy-accrual", "--help"], capture_output=True, text=True, check=True, timeout=20).stdout
    (days,) = re.findall(r"HY_PURCHASE_WINDOW_DAYS +(\d+)", shown)
    assert f"window of {days} days" in text_of("README.md") and f"为 {days} 天" in text_of("README.zh.md")


# ---- for marketing, for operations


def test_a_campaign_is_checked_counted_and_published(shop, shell, member):
    printed, _ = shell.run(block("sh", "campaign"))
    check, rest = printed.split("TIER", 1)
    assert "birthday/1  good" in check and "birthday/1  published" in rest
    assert re.search(r"^silver .*^gold .*^diamond .*^1 members read ", rest, re.MULTILINE | re.DOTALL)
    assert "birthday/1  published" in shop.ctl("campaign", "list").stdout
    again = shell.run(line_with("sh", "campaign", "publish"))[0]
    assert "birthday/1" in again, "publishing the same file again changes nothing"
    birthday = text_of("deploy/dev/campaigns/birthday.yaml")
    file = shop.folder / "changed-birthday.yaml"
    file.write_text(changed(birthday, "budget: 1000", "budget: 1001"), encoding="utf-8")
    assert shop.ctl("campaign", "publish", file, check=False).returncode == 1, "a published version never changes"
    file.write_text(changed(birthday, "budget: 1000", "budget: many"), encoding="utf-8")
    (place,) = [number for number, line in enumerate(birthday.splitlines(), 1) if "budget: 1000" in line]
    wrong = shop.ctl("campaign", "check", file, check=False)
    assert wrong.returncode == 1 and f"changed-birthday.yaml:{place}: budget: " in wrong.stdout + wrong.stderr


def test_the_program_file_that_is_named_is_good(shop):
    assert all("`huiyuanctl program check`" in text_of(page) for page in PAGES)
    assert "good" in shop.ctl("program", "check", ROOT / "deploy" / "dev" / "program.yaml").stdout


def test_a_second_instance_takes_half_and_gives_it_back(shop, shell, receipt):
    both = "until huiyuanctl status | grep -A 4 'log points' | grep -q 'Stable, 2 '; do sleep 0.2; done"
    printed, _ = shell.run(changed(block("sh", "hy-accrual"), "sleep 5", both))
    (accrual,) = [part for part in printed.split("\n\n") if part.startswith("accrual (log points)")]
    parts = re.findall(r"^  (\S+) +(\d+) +\d+ +\d+ ", accrual, re.MULTILINE)
    assert [count for _, count in parts] == ["8", "8"], accrual
    shop.wait_owners("points", ["accrual"])


def test_verify_finds_nothing_wrong(shop, shell, receipt):
    shop.settle()
    assert "verify: good" in shell.run(line_with("sh", "explain", "verify"))[0]
