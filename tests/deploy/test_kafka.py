"""What the Apache Kafka runner does before there is a broker; the broker itself is proved by its --selftest."""

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "deploy" / "kafka" / "kafka.py"
MAVEN = {"m": "http://maven.apache.org/POM/4.0.0"}


@pytest.fixture(scope="module")
def kafka() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deploy_kafka", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def selftest(path: Path) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key != "JAVA_HOME"} | {"PATH": str(path)}
    command = [sys.executable, str(SCRIPT), "--selftest"]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_without_java_it_fails_and_says_what_to_install(tmp_path: Path) -> None:
    done = selftest(tmp_path)
    assert done.returncode == 1
    assert "needs Java 17" in done.stderr
    assert "Traceback" not in done.stderr


def test_with_an_old_java_it_fails_and_names_it(tmp_path: Path) -> None:
    program(tmp_path, "java", """echo 'openjdk version "11.0.22" 2024-01-16' >&2""")
    done = selftest(tmp_path)
    assert done.returncode == 1
    assert f"{tmp_path / 'java'} is Java 11" in done.stderr


@pytest.mark.parametrize(
    ("banner", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ("command not understood", 0),
    ],
)
def test_the_major_version_of_java(kafka: ModuleType, banner: str, major: int) -> None:
    assert kafka.java_major(banner) == major


def test_without_maven_and_without_jars_it_fails(
    kafka: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(kafka.KafkaUnavailable, match="Install Maven"):
        kafka.jars()


def test_what_maven_says_is_passed_on(
    kafka: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "mvn", "echo 'the registry is away'; exit 1")
    monkeypatch.setattr(kafka, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(kafka.KafkaUnavailable, match="the registry is away"):
        kafka.jars()
    assert list((tmp_path / ".cache").iterdir()) == []


def test_a_jar_that_is_not_the_promised_one_is_noticed(
    kafka: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promised = {"good.jar": b"good", "bad.jar": b"bad", "gone.jar": b"gone"}
    sums = "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in promised.items())
    (tmp_path / "jars.sha256").write_text(sums)
    (tmp_path / "good.jar").write_bytes(b"good")
    (tmp_path / "bad.jar").write_bytes(b"evil")
    monkeypatch.setattr(kafka, "SUMS", tmp_path / "jars.sha256")
    assert kafka.wrong_jars(tmp_path) == ["bad.jar", "gone.jar"]


def test_every_version_is_exact(kafka: ModuleType) -> None:
    pom = ElementTree.parse(SCRIPT.with_name("pom.xml"))
    properties = {p.tag.partition("}")[2]: p.text for p in pom.iterfind("./m:properties/*", MAVEN)}
    for dependency in [*pom.iterfind(".//m:dependency", MAVEN), *pom.iterfind(".//m:plugin", MAVEN)]:
        version = dependency.findtext("m:version", namespaces=MAVEN) or ""
        resolved = properties.get(version[2:-1], version) or ""
        assert resolved[:1].isdigit(), f"{version!r} is no exact version"
        assert "SNAPSHOT" not in resolved
    jars = kafka.expected_sums()
    assert f"kafka_2.13-{kafka.kafka_version()}.jar" in jars
    assert f"log4j-slf4j-impl-{properties['log4j.version']}.jar" in jars
    assert f"log4j-core-{properties['log4j.version']}.jar" in jars
