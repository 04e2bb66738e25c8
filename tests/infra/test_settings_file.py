"""The settings file: what is written is read back, what is wrong is one sentence, what is broken stays as it is."""

from __future__ import annotations

import errno
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.infra import atomic_file
from terminal.infra.disk import DiskFull
from terminal.infra.settings import (
    AccountSettings,
    DeskSettings,
    RecorderSettings,
    ReplaySettings,
    RiskSettings,
    Settings,
    SimulationSettings,
)
from terminal.infra.settings_file import SettingsError, SettingsFile, parse, render

amounts = st.from_regex(r"[0-9]{1,12}(\.[0-9]{1,4})?", fullmatch=True).filter(str.isascii)


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, exclude_min=True, allow_nan=False)


any_settings = st.builds(
    Settings,
    account=st.builds(
        AccountSettings,
        base_currency=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3),
        paper_cash=amounts,
        fee_per_contract=amounts,
        fee_per_share=amounts,
    ),
    simulation=st.builds(SimulationSettings, start_date=st.dates(), seed=st.integers(0, 2**63 - 1)),
    risk=st.builds(
        RiskSettings,
        max_order_contracts=st.integers(1, 1_000_000),
        max_order_shares=st.integers(1, 100_000_000),
        max_order_notional=amounts,
        max_quote_age_s=numbers(0, 86_400),
        share_collar_percent=numbers(0, 1_000),
        option_collar_percent=numbers(0, 1_000),
        collar_min_ticks=st.integers(0, 100_000),
    ),
    recorder=st.builds(
        RecorderSettings,
        disk_budget_gb=numbers(0.1, 1_000_000),
        memory_limit_mb=st.integers(64, 1_048_576),
        flush_interval_ms=st.integers(10, 60_000),
    ),
    desk=st.builds(
        DeskSettings,
        theme=st.sampled_from(["dark", "light"]),
        palette=st.sampled_from(["teal-red", "blue-orange"]),
        row_density=st.sampled_from(["dense", "comfortable"]),
        restore_workspace=st.booleans(),
        working_orders_on_stop=st.sampled_from(["leave", "cancel"]),
    ),
    replay=st.builds(ReplaySettings, speed=st.one_of(numbers(0, 1_000_000), st.just("max"))),
)
HERE = Path("settings.toml")


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "settings.toml")


@given(any_settings)
def test_what_is_rendered_reads_back(settings: Settings) -> None:
    assert parse(render(settings), HERE) == settings


@given(any_settings, any_settings)
def test_saving_changes_what_differs_and_keeps_the_users_words(old: Settings, new: Settings) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = SettingsFile(Path(folder) / "s.toml")
        file.path.write_text("# my own words\n" + render(old))
        file.save(new)
        assert file.load() == new
        assert file.path.read_text().startswith("# my own words\n")


def test_the_first_start_writes_the_defaults_explained(file: SettingsFile) -> None:
    assert file.load() == Settings()
    text = file.path.read_text()
    assert file.path.stat().st_mode & 0o777 == 0o600
    keys = [line for line in text.splitlines() if re.match(r"\w+ = ", line)]
    assert len(keys) == 1 + sum(len(section) for section in tomllib.loads(text).values() if isinstance(section, dict))
    lines = text.splitlines()
    assert all(lines[lines.index(key) - 1].startswith("# ") for key in keys), "a key without an explanation"
    assert file.load() == Settings()


def test_the_contracts_defaults() -> None:
    settings = Settings()
    assert settings.account.paper_cash_e4 == 100_000_0000
    assert settings.account.fee_per_contract_e4 == 6_500
    assert settings.account.fee_per_share_e4 == 0
    assert settings.account.base_currency == "USD"
    assert settings.simulation.start_date == date(2026, 1, 5)
    assert settings.risk.max_order_notional_e4 == 250_000_0000


def test_a_left_out_key_has_its_default_and_windows_files_read(file: SettingsFile) -> None:
    file.path.write_bytes("﻿# mine\r\n[simulation]\r\nseed = 7\r\n".encode())
    settings = file.load()
    assert settings.simulation.seed == 7
    assert settings.account == AccountSettings()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("format = 1\na b\n", "line 2, column 3: expected '='"),
        ("[risk\n", "does not parse"),
        ('x = """', "does not parse"),
        ("a = " + "[" * 5_000, "does not parse"),
        ('[risk]\n\nmax_order_contracts = "x"\n', "line 3: risk.max_order_contracts: expected a whole number"),
        ("[risk]\nmax_order_contracts = true", "line 2: risk.max_order_contracts: expected a whole number"),
        ("[risk]\nmax_order_contracts = 0", "line 2: risk.max_order_contracts: expected a whole number >= 1"),
        ("[risk]\nmax_order_contract = 3", "line 2: risk.max_order_contract: is no setting"),
        ("[risk]\nmax_quote_age_s = nan", "line 2: risk.max_quote_age_s"),
        ("[risk]\nmax_quote_age_s = inf", "line 2: risk.max_quote_age_s"),
        ("[rsk]\nx = 1", "line 1: rsk: is no setting"),
        ("risk = 3", "line 1: risk: expected a [table]"),
        ('[desk]\ntheme = "pink"', "line 2: desk.theme: 'pink' is none of its values"),
        ("[account]\npaper_cash = 100000.0", 'line 2: account.paper_cash: expected text in "quotes"'),
        ('[account]\npaper_cash = "1e5"', "line 2: account.paper_cash: does not have the right form"),
        ('[account]\npaper_cash = "-1"', "line 2: account.paper_cash"),
        ('[account]\nbase_currency = "usd"', "line 2: account.base_currency"),
        ('[simulation]\nstart_date = "soon"', "line 2: simulation.start_date"),
        ("[simulation]\nseed = -1", "line 2: simulation.seed"),
        ('[replay]\nspeed = "fast"', "line 2: replay.speed"),
        ("[replay]\nspeed = 0", "line 2: replay.speed"),
        ("format = 2", "written by a newer Moneyness"),
        ("format = true", "line 1: format"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_the_file_stays(file: SettingsFile, text: str, says: str) -> None:
    file.path.write_text(text)
    for use in (file.load, lambda: file.save(Settings(simulation=SimulationSettings(seed=9)))):
        with pytest.raises(SettingsError) as failure:
            use()
        sentence = str(failure.value)
        assert says in sentence
        assert str(file.path) in sentence
        assert "\n" not in sentence
        assert failure.value.exit_code == 2
    assert file.path.read_text() == text
    assert list(file.path.parent.iterdir()) == [file.path]


@given(st.text(max_size=300))
def test_any_text_is_settings_or_a_sentence(text: str) -> None:
    refusal = _refusal(text)
    assert refusal is None or refusal.startswith("settings.toml")


values = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.text(max_size=5), st.dates(), st.lists(st.integers(), max_size=2)
)


@given(st.sampled_from(Settings.__struct_fields__), st.text("abcdefghij_", min_size=1, max_size=12), values)
def test_any_key_is_settings_or_a_sentence_with_the_key(section: str, key: str, value: Any) -> None:
    tables = {section: {key: value}}
    refusal = _refusal(_toml(tables))
    assert refusal is None or section in refusal


def _refusal(text: str) -> str | None:
    try:
        parse(text, HERE)
    except SettingsError as error:
        return str(error)
    return None


def _toml(tables: dict[str, dict[str, Any]]) -> str:
    lines = []
    for name, table in tables.items():
        lines.append(f"[{name}]")
        for key, value in table.items():
            text = value.isoformat() if isinstance(value, date) else msgspec.json.encode(value).decode()
            lines.append(f"{key} = {'nan' if text == 'null' else text}")
    return "\n".join(lines).replace("\x7f", "\\u007f")


def test_not_utf_8_says_which_line(file: SettingsFile) -> None:
    file.path.write_bytes(b"# ok\n# caf\xe9\n")
    with pytest.raises(SettingsError, match="line 2: not UTF-8"):
        file.load()


def test_a_folder_or_a_giant_in_its_place_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        SettingsFile(tmp_path).load()
    giant = tmp_path / "giant.toml"
    giant.write_bytes(b"#" * 1_000_001)
    with pytest.raises(SettingsError, match="too large"):
        SettingsFile(giant).load()


def test_a_patch_keeps_comments_order_and_adds_what_is_missing(file: SettingsFile) -> None:
    file.path.write_text(
        "# mine\n[desk]  # the window\ntheme = 'dark'   # at night\n\n[risk]\nmax_order_contracts=5 # small\n"
    )
    settings = file.load()
    changed = msgspec.structs.replace(
        settings,
        desk=msgspec.structs.replace(settings.desk, theme="light", row_density="comfortable"),
        risk=msgspec.structs.replace(settings.risk, max_order_contracts=7),
        replay=ReplaySettings(speed="max"),
    )
    file.save(changed)
    assert file.path.read_text() == (
        '# mine\n[desk]  # the window\nrow_density = "comfortable"\ntheme = "light"   # at night\n\n'
        '[risk]\nmax_order_contracts=7 # small\n\n[replay]\nspeed = "max"\n'
    )
    assert file.load() == changed


@pytest.mark.parametrize(
    "text", ['desk = {theme = "dark"}\n', 'desk.theme = "dark"\n', '[ "desk" ]\ntheme = """\\\ndark"""\n']
)
def test_a_layout_that_cannot_be_patched_is_written_anew(file: SettingsFile, text: str) -> None:
    file.path.write_text(text)
    wanted = Settings(desk=DeskSettings(theme="light", row_density="comfortable"))
    file.save(wanted)
    assert file.load() == wanted


def test_saving_nothing_new_touches_nothing(file: SettingsFile) -> None:
    file.load()
    before = file.path.stat()
    file.save(Settings())
    assert file.path.stat().st_ino == before.st_ino


def test_a_full_disk_is_said_and_nothing_is_lost(file: SettingsFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.load()
    before = file.path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskFull, match="The disk is full: saving the settings"):
        file.save(Settings(replay=ReplaySettings(speed="max")))
    assert file.path.read_bytes() == before
    assert list(file.path.parent.iterdir()) == [file.path]


def test_atomic_writes_replace_the_whole_and_survive_a_failed_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    atomic_file.write_bytes(path, b"old" * 1000, mode=0o640)
    assert path.stat().st_mode & 0o777 == 0o640
    atomic_file.write_text(path, "new")
    assert path.read_bytes() == b"new"

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "refused")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PermissionError):
        atomic_file.write_text(path, "newer")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]
