"""What the command prints and how it exits, without a stack."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from lyceum import cli
from lyceum.data_dir import DataDir
from lyceum.mailbox import MailMissing, Spool
from typer.testing import CliRunner


def lyceum(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "lyceum.cli", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
    )
    assert "Traceback" not in done.stderr
    return done


def typed(*words: str) -> str:
    """What the command prints, without a process of its own."""
    done = CliRunner(env={"COLUMNS": "140"}).invoke(cli.app, words)
    assert done.exit_code == 0
    return done.output


def spool(folder: Path, number: int, to: str, text: str) -> None:
    message = EmailMessage(policy=SMTP)
    message["From"] = "Lyceum <no-reply@lyceum.example>"
    message["To"] = to
    message["Subject"] = f"Nachricht {number}: schön"
    message["Date"] = "Sun, 22 Nov 2026 21:00:00 +0000"
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    (folder / f"20261122T2100{number:02}-x.eml").write_bytes(message.as_bytes())


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    folder = DataDir(tmp_path / "data")
    folder.claim()
    folder.release()
    return folder


def test_help_names_every_command_and_option() -> None:
    told = typed("--help")
    for command in ("up", "down", "status", "doctor", "logs", "mail", "migrate", "seed", "journey"):
        assert f" {command} " in told
        assert "--data-dir" in typed(command, "--help")
    up = typed("up", "--help")
    for option in ("--detach", "--fresh", "--port", "--no-demo", "--kafka", "LYCEUM_DATA_DIR"):
        assert option in up


@pytest.mark.parametrize("command", [["status"], ["status", "--json"], ["journey"], ["seed"]])
def test_without_a_stack_the_message_says_how_to_start_one(tmp_path: Path, command: list[str]) -> None:
    done = lyceum(*command, cwd=tmp_path)
    assert done.returncode == 1
    assert "No stack runs" in done.stderr
    assert "lyceum up" in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_down_without_a_stack_is_no_failure(tmp_path: Path) -> None:
    done = lyceum("down", cwd=tmp_path)
    assert done.returncode == 0
    assert "No stack runs" in done.stdout


def test_an_unknown_option_is_a_usage_error() -> None:
    done = lyceum("up", "--frehs")
    assert done.returncode == 2
    assert "No such option" in done.stderr


def test_doctor_examines_the_machine(tmp_path: Path) -> None:
    done = lyceum("doctor", "--port", "28765", "--data-dir", str(tmp_path / "none"))
    assert done.returncode == 0, done.stdout
    for what in (
        "python",
        "packages",
        "PostgreSQL",
        "broker",
        "disk",
        "memory",
        "open files",
        "clock",
        "port",
    ):
        assert what in done.stdout


def test_doctor_fails_for_what_is_broken_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LYCEUM_POSTGRES_BIN", str(tmp_path))
    done = lyceum("doctor", "--port", "28765", "--data-dir", str(tmp_path / "none"))
    assert done.returncode == 1
    assert "no runnable postgres" in done.stdout
    assert "make install" in done.stdout


def test_mail_is_listed_filtered_and_shown(data_dir: DataDir) -> None:
    spool(data_dir.mail, 1, "Ada <ada@example.org>", "Hello\nhttp://127.0.0.1:8000/verify?token=a%2Fb")
    spool(data_dir.mail, 2, "bob@example.org", "Hello Bob, a long line follows " + "word " * 40)
    where = ("--data-dir", str(data_dir.path))
    listed = lyceum("mail", *where).stdout
    assert "ada@example.org" in listed
    assert "bob@example.org" in listed
    newest = lyceum("mail", "--last", *where).stdout
    assert "Subject: Nachricht 2: schön" in newest
    assert "Hello Bob" in newest
    one = json.loads(lyceum("mail", "--json", "--to", "ADA@example.org", *where).stdout)
    assert [(mail["to"], mail["links"]) for mail in one] == [
        (["ada@example.org"], ["http://127.0.0.1:8000/verify?token=a%2Fb"])
    ]
    nobody = lyceum("mail", "--to", "eve@example.org", *where)
    assert nobody.returncode == 1
    assert "There is no mail to eve@example.org" in nobody.stderr


def test_waiting_for_mail_finds_the_newest_token_and_gives_up_in_time(data_dir: DataDir) -> None:
    box = Spool(data_dir.mail)
    spool(data_dir.mail, 1, "ada@example.org", "http://127.0.0.1:8000/verify?token=old")
    spool(data_dir.mail, 2, "ada@example.org", "http://127.0.0.1:8000/verify?token=n%2Bw&x=1")
    spool(data_dir.mail, 3, "ada@example.org", "no link in this one")
    (data_dir.mail / ".20261122T210004-x.eml.77").write_text("half written")
    assert box.wait_for("ada@example.org").token == "n+w"
    began = time.monotonic()
    with pytest.raises(MailMissing, match=r"came to eve@example\.org within 0\.2 s"):
        box.wait_for("eve@example.org", timeout=0.2)
    assert time.monotonic() - began < 2
