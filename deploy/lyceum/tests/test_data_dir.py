"""Which folders Lyceum takes, empties and refuses."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lyceum.data_dir import DataDir
from lyceum.errors import AlreadyRunning, DataDirUnusable, StackError


def test_a_new_folder_becomes_a_data_dir(tmp_path: Path) -> None:
    folder = DataDir(tmp_path / "a" / "b")
    folder.claim()
    assert folder.is_lyceum()
    assert folder.is_claimed()
    folder.release()
    assert not folder.is_claimed()


@pytest.mark.parametrize("fresh", [False, True])
def test_a_folder_with_somebody_elses_files_is_refused_and_left_alone(tmp_path: Path, fresh: bool) -> None:
    (tmp_path / "thesis.tex").write_text("chapter one")
    (tmp_path / "data").mkdir()
    with pytest.raises(
        DataDirUnusable, match=r"not a Lyceum data dir.*data, thesis.tex.*nothing was touched"
    ):
        DataDir(tmp_path).claim(fresh=fresh)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "thesis.tex"]


def test_fresh_empties_a_data_dir_but_follows_no_link_out_of_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    folder = DataDir(tmp_path / "data")
    folder.claim()
    (folder.mail / "old.eml").touch()
    (folder.path / "link").symlink_to(outside)
    folder.release()
    folder.claim(fresh=True)
    folder.release()
    assert (outside / "kept").exists()
    assert not (folder.path / "link").is_symlink()
    assert list(folder.mail.iterdir()) == []


def test_one_supervisor_a_folder(tmp_path: Path) -> None:
    first = DataDir(tmp_path)
    first.claim()
    first.write_state({"supervisor": {"pid": 4711}, "gateway": {"url": "http://127.0.0.1:8123"}})
    for fresh in (False, True):
        with pytest.raises(AlreadyRunning, match=r"pid 4711, http://127.0.0.1:8123.*lyceum down"):
            DataDir(tmp_path).claim(fresh=fresh)
    assert first.state() != {}
    first.release()
    DataDir(tmp_path).claim()


def test_too_little_room_is_told_in_megabytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 12_000_000, 12_000_000))
    with pytest.raises(DataDirUnusable, match=r"Only 12 MB are free.*a stack needs 400"):
        DataDir(tmp_path).claim()


def test_a_path_too_long_for_the_database_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(DataDirUnusable, match=r"bytes long.*Choose a shorter one"):
        DataDir(tmp_path.joinpath(*["a" * 100] * 9)).claim()


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirUnusable, match="cannot be used: Not a directory"):
        DataDir(tmp_path / "file" / "data").claim()


def test_a_state_file_somebody_wrote_into_is_told_and_not_a_traceback(tmp_path: Path) -> None:
    folder = DataDir(tmp_path)
    folder.claim()
    folder.state_file.write_text("{half")
    with pytest.raises(StackError, match="not what Lyceum wrote there"):
        folder.state()
    folder.release()


def obey_modes() -> None:
    """Give up root's right to write anywhere (PR_CAPBSET_DROP of CAP_DAC_OVERRIDE), from the next exec on."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


def test_a_folder_that_may_not_be_written_is_one_clear_message(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    tried = subprocess.run(
        [sys.executable, "-m", "lyceum.cli", "up", "--data-dir", str(closed / "data")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=obey_modes,
    )
    assert tried.returncode == 1
    assert "Permission denied" in tried.stderr
    assert "choose another with --data-dir" in tried.stderr
    assert "Traceback" not in tried.stderr
