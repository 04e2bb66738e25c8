"""Keys are kept where they are safe or not at all. Real keyring classes stand in for the operating system's store."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import keyring.errors
import pytest
from keyring.backend import KeyringBackend

from terminal.infra import secrets
from terminal.infra.failures import UsageError, WorkFailed
from terminal.infra.redaction import Redactor
from terminal.infra.secrets import AccountKind, LiveKeysRefused, SecretStore, environment_name, open_store

PAPER, LIVE = AccountKind.PAPER, AccountKind.LIVE


class Sound(KeyringBackend):
    priority = 5
    kept: dict[tuple[str, str], str]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("not found")


class Forgetful(Sound):
    def get_password(self, service: str, username: str) -> str | None:
        return None


class NeverForgets(Sound):
    def delete_password(self, service: str, username: str) -> None:
        return


class Locked(Sound):
    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.KeyringLocked(f"locked while keeping {password}")


class Waits(Sound):
    def set_password(self, service: str, username: str, password: str) -> None:
        threading.Event().wait(30)


class Unwanted(Sound):
    priority = 0


def use(monkeypatch: pytest.MonkeyPatch, *names: str) -> SecretStore:
    monkeypatch.setattr(
        secrets, "BACKENDS", {sys.platform: tuple((__name__, name, f"the {name} store") for name in names)}
    )
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Sound.__module__])
    return open_store(redactor=Redactor())


def test_a_sound_store_keeps_and_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    store = use(monkeypatch, "Sound")
    assert store.status.persistent
    assert store.status.sentence == "Keys are kept in the Sound store."
    store.require_live()
    store.set("alpaca", LIVE, "key_id", "AK123456")
    store.set("alpaca", PAPER, "key_id", "PK123456")
    assert store.get("Alpaca", LIVE, "KEY_ID") == "AK123456"
    assert store.get("alpaca", PAPER, "key_id") == "PK123456"
    assert store.delete("alpaca", LIVE, "key_id")
    assert not store.delete("alpaca", LIVE, "key_id")
    assert store.get("alpaca", LIVE, "key_id") is None
    assert store.get("alpaca", PAPER, "key_id") == "PK123456"
    backend = store._backend
    assert isinstance(backend, Sound)
    assert list(backend.kept) == [("moneyness", "alpaca/paper/key_id")], "the probe left something"


@pytest.mark.parametrize("name", ["Forgetful", "NeverForgets", "Locked", "Unwanted", "NotThere"])
def test_a_store_that_fails_the_probe_is_not_used(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    store = use(monkeypatch, name, "Sound")
    assert store.status.name == "the Sound store"
    alone = use(monkeypatch, name)
    assert not alone.status.persistent
    assert "memory" in alone.status.sentence
    assert f"the {name} store" in alone.status.sentence


def test_a_store_that_waits_for_a_person_does_not_hold_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_PROBE_TIMEOUT_S", 0.05)
    assert "it did not answer" in use(monkeypatch, "Waits").status.sentence


def test_in_memory_paper_keys_work_and_live_keys_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    store = use(monkeypatch)
    store.set("alpaca", PAPER, "key_id", "PK123456")
    assert store.get("alpaca", PAPER, "key_id") == "PK123456"
    assert store.delete("alpaca", PAPER, "key_id")
    assert store.get("alpaca", PAPER, "key_id") is None
    with pytest.raises(LiveKeysRefused, match="Live trading needs a safe place") as refused:
        store.set("alpaca", LIVE, "key_id", "AK123456")
    assert refused.value.exit_code == 2
    with pytest.raises(LiveKeysRefused):
        store.require_live()
    assert store.get("alpaca", LIVE, "key_id") is None


def test_paper_keys_may_come_from_the_environment_and_live_keys_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONEYNESS_ALPACA_PAPER_KEY_ID", "PKFROMENV")
    monkeypatch.setenv("MONEYNESS_ALPACA_LIVE_KEY_ID", "AKFROMENV")
    for store in (use(monkeypatch), use(monkeypatch, "Sound")):
        assert store.get("alpaca", PAPER, "key_id") == "PKFROMENV"
        assert store.get("alpaca", LIVE, "key_id") is None
    assert environment_name("ib-gateway", "user.name") == "MONEYNESS_IB_GATEWAY_PAPER_USER_NAME"


def test_what_passes_through_is_redacted_from_then_on() -> None:
    redactor = Redactor()
    status = secrets.StoreStatus("memory", False, "")
    store = SecretStore(None, status, environment={"MONEYNESS_X_PAPER_B": "planted-b"}, redactor=redactor)
    store.set("x", PAPER, "a", "planted-a")
    store.get("x", PAPER, "b")
    assert redactor.text("planted-a planted-b") == "[secret] [secret]"


def test_a_failing_store_is_a_sentence_without_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    store = SecretStore(Locked(), secrets.StoreStatus("the store", True, ""), redactor=Redactor())
    with pytest.raises(WorkFailed, match="the store failed while keeping a key") as failure:
        store.set("x", PAPER, "a", "PLANTED-SECRET")
    assert "PLANTED" not in str(failure.value)
    assert failure.value.__cause__ is None
    assert failure.value.__suppress_context__


@pytest.mark.parametrize("secret", ["", " x", "x\n", "a\x00b"])
def test_a_badly_pasted_secret_is_refused(secret: str) -> None:
    store = SecretStore(None, secrets.StoreStatus("memory", False, ""), redactor=Redactor())
    with pytest.raises(UsageError, match="paste it again"):
        store.set("x", PAPER, "a", secret)


@pytest.mark.parametrize("venue", ["", "a/b", "../x", "a b", "x" * 65])
def test_a_bad_name_is_refused(venue: str) -> None:
    store = SecretStore(None, secrets.StoreStatus("memory", False, ""), redactor=Redactor())
    with pytest.raises(UsageError, match="no name for a key"):
        store.get(venue, PAPER, "a")


def test_a_plain_text_backend_on_the_path_is_never_chosen(tmp_path: Path, repository: Path) -> None:
    """As with keyrings.alt installed: discovery would take it, with the highest priority, without a word."""
    package = tmp_path / "plaintext_backend"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from keyring.backend import KeyringBackend\n"
        "class Plain(KeyringBackend):\n"
        "    priority = 99\n"
        "    def get_password(self, s, u): return 'x'\n"
        "    def set_password(self, s, u, p): print('WROTE', p)\n"
        "    def delete_password(self, s, u): pass\n"
    )
    info = tmp_path / "plaintext_backend-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plaintext-backend\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[keyring.backends]\nplain = plaintext_backend\n")
    code = (
        "import keyring, terminal.infra.secrets as s\n"
        "assert type(keyring.get_keyring()).__name__ == 'Plain', 'the bait does not work'\n"
        "store = s.open_store()\n"
        "assert type(store._backend).__name__ != 'Plain'\n"
        "store.set('x', s.AccountKind.PAPER, 'a', 'planted-secret')\n"
        "print(store.status.persistent)\n"
    )
    environment = {key: value for key, value in os.environ.items() if "DBUS" not in key and key != "DISPLAY"}
    environment["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{repository}"
    environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "False\n", done.stderr
