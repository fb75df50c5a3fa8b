"""The examples of README.md and README.zh.md, run as they stand there, come to what is said there."""

import json
import os
import re
import shutil
import subprocess

import pytest

from backend import ROOT, wait_until
from system import BIN, System

PYTHON = ROOT / ".dev" / "venv" / "bin"


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def block(language, word):
    """The only block of README.md with that word."""
    (found,) = [text for text in blocks("README.md", language) if word in text]
    return found


def without_comments(text):
    return re.sub(r" +# .*", "", text)


@pytest.mark.parametrize("language", ["sh", "json", "python"])
def test_both_languages_show_the_same_commands(language):
    english, chinese = ([without_comments(text) for text in blocks(page, language)] for page in ("README.md", "README.zh.md"))
    assert english and english == chinese


def test_every_dev_command_that_is_shown_exists():
    shown = set(re.findall(r"\./dev (\w+)", (ROOT / "README.md").read_text(encoding="utf-8")))
    usage = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
    assert {"demo", "test", "up"} <= shown <= {"help"} | set(re.findall(r"^  (\w+)", usage, re.MULTILINE))


@pytest.fixture(scope="module")
def shop(backend):
    """What `./dev up` makes, on the tests' Kafka and Redis."""
    system = System(backend, partitions=16)
    system.ctl("program", "publish", ROOT / "deploy" / "dev" / "program.yaml")
    system.start_accrual().wait_ready()
    yield system
    system.check_alive()
    system.close()


@pytest.fixture(scope="module")
def shell(shop, tmp_path_factory):
    """Runs a shell example; returns what curl printed, with its status: [(201, {…}), …], or the text of other commands."""
    home = tmp_path_factory.mktemp("home")
    (home / ".curlrc").write_text('write-out = "\\nstatus %{http_code}\\n"\n')
    environment = shop.environment | {"HY_URL": shop.gateway_url, "CURL_HOME": str(home), "PATH": f"{BIN}:{PYTHON}:{os.environ['PATH']}"}

    def run(text, folder=home):
        command = ["bash", "-euc", text]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        answers = re.findall(r"(.*?)\nstatus (\d+)\n", done.stdout, re.DOTALL)
        return [(int(status), json.loads(body)) for body, status in answers] or done.stdout

    return run


@pytest.fixture(scope="module")
def receipt(shell):
    """The example's purchase, taken."""
    ((status, body),) = shell(block("sh", "/v1/purchases"))
    assert status == 201
    return body


def changed(text, old, new):
    assert text.count(old) == 1
    return text.replace(old, new)


def line_with(word):
    (line,) = [line for line in block("sh", "explain").splitlines() if word in line]
    return line


def test_the_purchase_is_answered_as_shown(receipt):
    assert receipt == json.loads(block("json", "receipt-1001"))


def test_the_same_request_gets_the_same_answer(shell, receipt):
    assert shell(block("sh", "/v1/purchases")) == [(201, receipt)]


def test_another_purchase_under_the_same_id_gets_422(shell, receipt):
    ((status, problem),) = shell(changed(block("sh", "/v1/purchases"), "12800", "12900"))
    assert (status, problem["code"], problem["field"]) == (422, "id_reused", "purchase_id")


def test_the_member_page_shows_what_was_answered(shell, receipt):
    ((status, member),) = shell(line_with("/members/m-1 "))
    assert (status, member["points"]["balance"]) == (200, receipt["balance"])
    ((status, page),) = shell(line_with("/entries"))
    assert (status, [(entry["entry"], entry["points"]) for entry in page["entries"]]) == (200, [(receipt["entry"], receipt["points"])])


def test_the_explanation_names_the_points_and_their_rules(shell, receipt):
    text = shell(line_with("explain"))
    for part in ("receipt-1001", "646", "128", "518", "Beauty", "美妆"):
        assert part in text


def test_the_python_example_publishes_a_purchase_that_counts_once(shop, shell, receipt, tmp_path):
    """In a folder that has nothing but the .proto file, as in a shop's own project."""
    (tmp_path / "proto").mkdir()
    shutil.copy(ROOT / "proto" / "purchases.proto", tmp_path / "proto")
    shell(block("sh", "grpc_tools"), tmp_path)
    publish = changed(block("python", "confluent_kafka"), "127.0.0.1:9092", shop.backend.brokers)
    publish = changed(publish, "hy.purchases", shop.topic("purchases"))
    (tmp_path / "publish.py").write_text(publish, encoding="utf-8")

    def balance():
        ((_, member),) = shell(line_with("/members/m-1 "))
        return member["points"]["balance"]

    shell("python publish.py", tmp_path)
    wait_until(lambda: balance() == receipt["balance"] + 128, "the purchase arrives", 10)
    shell("python publish.py", tmp_path)
    shop.settle()
    assert balance() == receipt["balance"] + 128
    assert {letter.code for letter in shop.dead_letters().values()} <= {"id_reused"}  # from the 422 above


def test_verify_finds_nothing_wrong(shop, shell, receipt):
    shop.settle()
    shell(line_with("verify"))
