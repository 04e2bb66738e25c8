"""Disk sentences, and the files that ship with the program."""

from __future__ import annotations

import errno
import os
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from terminal.infra import disk, resources
from terminal.infra.disk import DiskFull
from terminal.infra.failures import UsageError, UserFacingError, WorkFailed
from terminal.infra.resources import ResourceMissing


def test_exit_codes() -> None:
    assert (WorkFailed("a").exit_code, UsageError("b").exit_code, UserFacingError("c").exit_code) == (1, 2, 1)
    assert WorkFailed("Said.").message == str(WorkFailed("Said.")) == "Said."


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_real_full_device_is_recognised() -> None:
    with pytest.raises(OSError, match="No space") as failure, Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")
    assert disk.is_disk_full(failure.value)
    explained = disk.explain(failure.value, "recording", Path("/dev/full"))
    assert isinstance(explained, DiskFull)
    assert str(explained).startswith("The disk is full: recording at /dev/full needs more room (")


def test_a_full_disk_is_found_behind_other_errors() -> None:
    wrapped = RuntimeError("outer")
    wrapped.__cause__ = OSError(errno.EDQUOT, "quota")
    assert disk.is_disk_full(wrapped)
    assert disk.is_disk_full(DiskFull("x"))
    assert not disk.is_disk_full(OSError(errno.EACCES, "no"))


def test_other_failures_say_why() -> None:
    path = Path("/x")
    assert "No permission for saving at /x" in str(
        disk.explain(PermissionError(errno.EACCES, "denied"), "saving", path)
    )
    assert str(disk.explain(OSError(errno.EIO, "I/O error"), "saving", path)) == "Failed saving at /x: I/O error."


def test_free_space_and_sizes(tmp_path: Path) -> None:
    assert disk.free_bytes(tmp_path / "not" / "yet") > 0
    disk.require_free(tmp_path, 1, "recording")
    with pytest.raises(DiskFull, match="Too little disk space for recording"):
        disk.require_free(tmp_path, 2**62, "recording")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"1" * 1_000)
    (tmp_path / "y").write_bytes(b"1" * 24)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert disk.tree_bytes(tmp_path) == 1_024
    assert disk.tree_bytes(tmp_path / "y") == 24
    assert disk.tree_bytes(tmp_path / "gone") == 0


def test_fonts_and_icons_ship_with_their_licences(repository: Path) -> None:
    assert resources.root() == repository / "resources"
    names = [path.name for path in resources.font_files()]
    weights = ("Bold", "Medium", "Regular", "SemiBold")
    assert names == [f"{face}-{weight}.ttf" for face in ("Inter", "JetBrainsMono") for weight in weights]
    for face in ("Inter", "JetBrainsMono"):
        assert "SIL Open Font License" in resources.find("fonts", f"{face}-LICENSE.txt").read_text()
    assert "ISC License" in resources.find("icons", "LICENSE.txt").read_text()
    assert disk.tree_bytes(resources.root()) < 3 * 2**20


def test_every_icon_is_svg_in_one_colour() -> None:
    icons = sorted((resources.root() / "icons").glob("*.svg"))
    assert len(icons) >= 25
    for path in icons:
        tree = ElementTree.fromstring(path.read_bytes())
        assert tree.tag == "{http://www.w3.org/2000/svg}svg", path.name
        if path.stem != "moneyness":
            painted = resources.icon(path.stem, "#E6EAF0")
            assert b"currentColor" not in painted
            assert b"#E6EAF0" in painted


def test_the_readme_names_versions_of_what_is_there() -> None:
    text = resources.find("README.md").read_text()
    assert re.findall(r"\| (\d+\.\d+\.\d+) \|", text) == ["0.4.2", "0.4.1", "1.62.0"]


@pytest.mark.parametrize("parts", [("icons", "no-such.svg"), ("..", "pyproject.toml"), ("icons",)])
def test_what_is_not_there_is_a_sentence(parts: tuple[str, ...]) -> None:
    with pytest.raises(ResourceMissing, match="install Moneyness again") as failure:
        resources.find(*parts)
    assert failure.value.exit_code == 2


def test_a_frozen_bundle_comes_first_and_nothing_at_all_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle" / "resources"
    bundle.mkdir(parents=True)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "bundle"), raising=False)
    assert resources.candidates()[0] == bundle
    assert resources.root() != bundle, "an empty folder was taken"
    (bundle / "README.md").write_text("")
    assert resources.root() == bundle
    monkeypatch.setattr(resources, "candidates", lambda: (tmp_path / "nowhere",))
    with pytest.raises(ResourceMissing, match=re.escape(os.fspath(tmp_path / "nowhere"))):
        resources.root()
