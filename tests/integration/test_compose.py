"""docker-compose.yml and its Dockerfile, without Docker: the file has the form that the Compose Specification asks for, and each
command, setting, port and health check in it works on the programs of the build."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import check_jsonschema
import jsonschema
import pytest
import redis as redis_client
import yaml

from backend import ROOT, free_port, wait_until
from system import BIN, SERVICES

SCHEMA = pathlib.Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "deploy" / "docker" / "Dockerfile").read_text(encoding="utf-8")
OURS = sorted(f"hy-{name}" for name in [*SERVICES, "gateway"])


def substituted(text, variables):
    """As compose does it, in each text of the file: ${NAME:-default}, ${NAME:?what is missing}, ${NAME}."""
    if isinstance(text, dict):
        return {name: substituted(value, variables) for name, value in text.items()}
    if isinstance(text, list):
        return [substituted(value, variables) for value in text]
    if not isinstance(text, str):
        return text

    def value(match):
        name, kind, rest = match.groups()
        assert name in variables or kind == ":-", f"{name} has no default: {rest}"
        return variables.get(name) or (rest or "" if kind == ":-" else "")

    return re.sub(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}", value, text)


COMPOSE = substituted(yaml.safe_load(TEXT), {"HY_COUPON_SECRET": "c" * 32})
IMAGE_SETTINGS = dict(re.findall(r"(HY_\w+)=(\S+)", DOCKERFILE))


def service_of(program):
    (found,) = [service for service in COMPOSE["services"].values() if service.get("command") == [program]]
    return found


def environment_of(program):
    """What the container's program is given."""
    return IMAGE_SETTINGS | {name: str(value) for name, value in service_of(program)["environment"].items()}


def known_settings(program):
    shown = subprocess.run([BIN / program, "--help"], capture_output=True, text=True, check=True, timeout=20).stdout
    return set(re.findall(r"^  (HY_\w+) ", shown, re.MULTILINE))


# ---- the file itself


def test_it_has_the_form_of_the_specification():
    jsonschema.validate(COMPOSE, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_schema_finds_what_is_wrong():
    wrong = yaml.safe_load(TEXT)
    wrong["services"]["member"]["healthcheck"]["retries"] = ["many"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_a_secret_has_no_default():
    with pytest.raises(AssertionError, match="HY_COUPON_SECRET has no default"):
        substituted(yaml.safe_load(TEXT), {})
    assert not re.search(r"(SECRET|PASSWORD|KEK)\w*: *[\w-]{8,}$", TEXT, re.MULTILINE)


def test_every_service_is_there_and_nothing_runs_that_is_not_built():
    commands = [service["command"][0] for service in COMPOSE["services"].values() if "build" in service]
    assert sorted(command for command in commands if command.startswith("hy-")) == OURS
    for command in set(commands) - {"sh"}:
        assert (BIN / command).exists(), f"{command} is not in the build"


def test_everybody_waits_for_what_they_need_and_has_a_health_check():
    services = COMPOSE["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "test" in services[other]["healthcheck"], f"{name} waits for {other}, which has no health check"
            else:
                assert how["condition"] == "service_completed_successfully" and "restart" not in services[other]
    for program in OURS:
        assert {"kafka", "redis", "prepare"} <= service_of(program)["depends_on"].keys()


def test_volumes_secrets_and_configs_are_defined_and_their_files_are_there():
    for service in COMPOSE["services"].values():
        assert {mount.split(":")[0] for mount in service.get("volumes", [])} <= COMPOSE["volumes"].keys()
        assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()
        assert {config["source"] for config in service.get("configs", [])} <= COMPOSE["configs"].keys()
    assert all((ROOT / config["file"]).exists() for config in COMPOSE["configs"].values())
    used = {name for program in OURS for name in service_of(program).get("secrets", [])}
    for program in OURS:
        path = environment_of(program).get("HY_KEK_FILE")
        assert path is None or path == "/run/secrets/kek" and "kek" in service_of(program)["secrets"]
    assert used == COMPOSE["secrets"].keys()


def test_only_the_gateway_is_reachable_and_only_from_this_machine():
    published = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}
    assert published == {"gateway": ["127.0.0.1:8080:8080"]}
    assert environment_of("hy-gateway")["HY_HTTP_LISTEN"].endswith(":8080")


# ---- the image


def stages():
    return re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]


def test_the_image_builds_with_what_setup_installs_and_runs_without_it():
    build, run = stages()
    setup = (ROOT / "deploy" / "dev" / "setup.sh").read_text(encoding="utf-8")
    installed = set(re.findall(r"^([a-z0-9.+-]+) +\|", setup, re.MULTILINE))
    wanted = set(re.findall(r"\b(lib[a-z0-9.-]+-dev|[a-z0-9-]*cmake|ninja-build|gcc|pkg-config|protobuf-c-compiler)\b", build))
    assert {"gcc", "librdkafka-dev"} <= wanted <= installed
    assert "-dev" not in run and "gcc" not in run


def test_the_image_has_every_library_that_the_programs_load():
    programs = [BIN / program for program in [*OURS, "huiyuanctl"]]
    loaded = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=True).stdout
    direct = set()
    for program in programs:
        dynamic = subprocess.run(["objdump", "-p", program], capture_output=True, text=True, check=True).stdout
        direct |= set(re.findall(r"NEEDED +(\S+)", dynamic))
    assert "not found" not in loaded
    packages = set()
    for library in direct:
        path = re.search(rf"{re.escape(library)} => (\S+)", loaded)
        if path is None:
            continue
        resolved = os.path.realpath(path[1])
        for candidate in (path[1], resolved, resolved.removeprefix("/usr")):
            found = subprocess.run(["dpkg-query", "-S", candidate], capture_output=True, text=True, check=False).stdout
            if found:
                packages.add(found.split(":")[0])
                break
        else:
            raise AssertionError(f"no package holds {resolved}")
    _, run = stages()
    missing = packages - {"libc6", "libgcc-s1"} - set(run.split())
    assert not missing, f"the image lacks {missing}"


def test_nothing_runs_as_root_and_everything_that_is_copied_is_there():
    build, run = stages()
    assert re.search(r"^USER 10001$", run, re.MULTILINE) and "--uid 10001" in run
    assert re.search(r"^HEALTHCHECK .*CMD \[\"health\"\]$", run, re.MULTILINE)
    for source in re.findall(r"^COPY (?!--from)(\S+)", build + run, re.MULTILINE):
        assert (ROOT / source).exists(), source
    preset = re.search(r"cmake --preset (\w+)", build)[1]
    names = {entry["name"] for entry in json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]}
    assert preset in names and f"build/{preset}/bin" in build


# ---- each command, setting and health check, run


@pytest.mark.parametrize("program", OURS)
def test_every_setting_is_one_that_the_program_knows(program):
    given = set(service_of(program)["environment"])
    assert given <= known_settings(program)
    assert "HY_DEVELOPMENT_CLOCK" not in given and "HY_ACCESS" not in given


def test_every_setting_of_the_image_is_known_to_some_program():
    known = set().union(*(known_settings(program) for program in OURS))
    assert IMAGE_SETTINGS.keys() <= known


@pytest.fixture
def kek(tmp_path):
    path = tmp_path / "kek"
    path.write_text("5a" * 32)
    return path


@pytest.fixture
def health(tmp_path):
    """The image's own health check, as the container finds it."""
    shutil.copy(ROOT / "deploy" / "docker" / "health", tmp_path / "health")
    return tmp_path


@pytest.mark.parametrize("program", OURS)
def test_the_program_runs_with_exactly_these_settings_and_its_health_check_says_so(fresh, program, kek, health):
    """Outside Docker: the addresses of Kafka and Redis, ports and paths are those of this machine, all else is as in the file."""
    port = free_port()
    listen = "HY_HTTP_LISTEN" if program == "hy-gateway" else "HY_ADMIN_LISTEN"
    moved = {
        "HY_KAFKA_BROKERS": fresh.backend.brokers, "HY_REDIS_URL": fresh.backend.redis_url, "HY_PARTITIONS": str(fresh.partitions),
        "HY_KEK_FILE": str(kek), "HY_TEMPLATES_DIR": str(ROOT / "deploy" / "templates"),
        "HY_ADMIN_LISTEN": "127.0.0.1:0", "HY_HTTP_LISTEN": "127.0.0.1:0", listen: f"127.0.0.1:{port}",
    }  # fmt: skip
    given = environment_of(program)
    environment = {name: moved.get(name, value) for name, value in given.items()}
    environment |= {"HY_TOPIC_PREFIX": fresh.topic_prefix, "HY_REDIS_PREFIX": fresh.redis_prefix, "PATH": f"{health}:{os.environ['PATH']}"}
    test = service_of(program)["healthcheck"]["test"]
    assert test[0] == "CMD"

    def healthy():
        # The container has a network of its own: what others listen at on this machine must not answer for it.
        alone = environment | {"HY_HTTP_LISTEN": environment.get("HY_HTTP_LISTEN", "127.0.0.1:0")}
        return subprocess.run(test[1:], env=alone, timeout=20, check=False).returncode == 0

    assert not healthy()
    log = health / "program.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([BIN / program], env=environment, cwd=health, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        wait_until(healthy, lambda: f"{program} is healthy:\n{log.read_text()}", 30)
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert not healthy()


def test_prepare_makes_topics_and_publishes_the_program(make_system, tmp_path):
    system = make_system()
    prepare = COMPOSE["services"]["prepare"]
    shutil.copy(ROOT / COMPOSE["configs"]["program"]["file"], tmp_path / "program.yaml")
    (target,) = [config["target"] for config in prepare["configs"]]
    command = [word.replace(target, str(tmp_path / "program.yaml")) for word in prepare["command"]]
    environment = system.environment | {"PATH": f"{BIN}:{os.environ['PATH']}"}
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
    assert "effective_from" in system.ctl("program", "show", 1).stdout


def test_redis_runs_with_these_options_and_its_health_check_says_so(tmp_path):
    redis = COMPOSE["services"]["redis"]
    port = free_port()
    process = subprocess.Popen([*redis["command"], "--port", str(port), "--bind", "127.0.0.1"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        test = [redis["healthcheck"]["test"][1], "-p", str(port), *redis["healthcheck"]["test"][2:]]
        wait_until(lambda: "PONG" in subprocess.run(test, capture_output=True, text=True, check=False).stdout, "it answers PONG", 20)
        client = redis_client.Redis(port=port)
        settings = client.config_get()
        assert (settings["maxmemory-policy"], settings["appendonly"], settings["save"]) == ("noeviction", "no", "60 1")
    finally:
        process.terminate()
        process.wait(20)


def java(*arguments, **more):
    return ["java", "-cp", f"{ROOT}/.dev/kafka/jars/*", "-Xmx256m", *arguments]


def test_kafka_runs_with_these_settings_and_its_health_check_says_so(tmp_path):
    """The image turns KAFKA_A_B into a.b; the same broker is started here with exactly these."""
    kafka = COMPOSE["services"]["kafka"]
    port, controller = free_port(), free_port()
    settings = {name.removeprefix("KAFKA_").lower().replace("_", "."): str(value) for name, value in kafka["environment"].items()}
    moved = {"0.0.0.0:9092": f"127.0.0.1:{port}", "kafka:9092": f"127.0.0.1:{port}", "0.0.0.0:9093": f"127.0.0.1:{controller}",
             "localhost:9093": f"127.0.0.1:{controller}", "/var/lib/kafka/data": str(tmp_path / "data")}  # fmt: skip
    for name, value in settings.items():
        for old, new in moved.items():
            value = value.replace(old, new)
        settings[name] = value
    properties = tmp_path / "server.properties"
    properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    format_command = java("kafka.tools.StorageTool", "format", "--cluster-id", "huiyuan-compose", "--config", str(properties))
    subprocess.run(format_command, check=True, capture_output=True, timeout=60)
    test = kafka["healthcheck"]["test"]
    assert test[1].endswith("/kafka-broker-api-versions.sh")
    log = tmp_path / "kafka.log"
    logging = f"-Dlog4j2.configurationFile={ROOT}/deploy/dev/kafka/log4j2.properties"
    with open(log, "wb") as out:
        process = subprocess.Popen(java(logging, "kafka.Kafka", str(properties)), stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        wait_until(lambda: b"Kafka Server started" in log.read_bytes(), lambda: log.read_text()[-3000:], 60)
        words = [word.replace("localhost:9092", f"127.0.0.1:{port}") for word in test[2:]]
        checked = subprocess.run(java("org.apache.kafka.tools.BrokerApiVersionsCommand", *words), capture_output=True, text=True, timeout=60, check=False)
        assert checked.returncode == 0 and "Produce" in checked.stdout, checked.stderr
    finally:
        process.terminate()
        process.wait(60)


def test_the_volume_of_kafka_is_where_it_keeps_its_data():
    kafka = COMPOSE["services"]["kafka"]
    assert kafka["volumes"] == [f"kafka:{kafka['environment']['KAFKA_LOG_DIRS']}"]
