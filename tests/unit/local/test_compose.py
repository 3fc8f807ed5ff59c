"""deploy/compose.yaml and the Dockerfile against the code, since no Docker engine runs in the tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from deploy.local.databases import ROLES, SERVICES, role_of, variable_of
from deploy.local.jars import KAFKA
from deploy.provision import password_variable

ROOT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
KEYS = {
    "image",
    "build",
    "command",
    "environment",
    "depends_on",
    "healthcheck",
    "ports",
    "volumes",
    "restart",
    "stop_grace_period",
}


def test_all_services_are_there_each_with_its_own_database_and_module() -> None:
    assert set(COMPOSE["services"]) == {"kafka", "postgres", "provision", *SERVICES}
    for name in SERVICES:
        service = COMPOSE["services"][name]
        env = service["environment"]
        assert service["command"] == ["python", "-m", f"services.{name}"]
        assert (ROOT / "services" / name / "__main__.py").exists()
        assert [key for key in env if key.endswith("_DATABASE_URL")] == [variable_of(name)]
        assert env[variable_of(name)].startswith(
            f"postgresql://{role_of(name)}:${{{password_variable(name)}:?"
        )
        assert "DATABASE_URL" not in env


def test_nothing_starts_before_what_it_needs() -> None:
    services = COMPOSE["services"]
    for name in SERVICES:
        assert services[name]["depends_on"] == {"provision": {"condition": "service_completed_successfully"}}
    for server, rule in services["provision"]["depends_on"].items():
        assert rule == {"condition": "service_healthy"}
        assert services[server]["healthcheck"]["test"]
    wanted = {"DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", *map(password_variable, ROLES)}
    assert wanted <= services["provision"]["environment"].keys()


def test_only_known_keys_and_volumes_and_no_open_port() -> None:
    for name, service in COMPOSE["services"].items():
        assert service.keys() <= KEYS, name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert all(volume.split(":")[0] in COMPOSE["volumes"] for volume in service.get("volumes", []))


def test_kafka_is_the_tested_version_and_makes_no_topic_by_accident() -> None:
    kafka = COMPOSE["services"]["kafka"]
    assert kafka["image"] == f"apache/kafka:{KAFKA}"
    assert kafka["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert kafka["environment"]["KAFKA_LOG_MESSAGE_TIMESTAMP_TYPE"] == "LogAppendTime"


def test_the_image_copies_what_exists_and_does_not_run_as_root() -> None:
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists(), source
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)[-1] == "10001"
    assert "--require-hashes" in DOCKERFILE
