"""Keys and passwords. They live in the operating system's own store or, where it has none, in memory for this session;
never in a file in plain text, never in a log, and keys of live accounts never in the environment.

Backends are named here and not discovered: with ``keyrings.alt`` installed, discovery picks a plain-text file without a
word, and in a frozen program it finds nothing (keyring 25.7).
"""

from __future__ import annotations

import functools
import importlib
import logging
import os
import re
import secrets as random_secrets
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeVar

from terminal.infra.failures import UsageError, WorkFailed
from terminal.infra.redaction import REDACTOR, Redactor

SERVICE = "moneyness"
_PROBE_TIMEOUT_S = 5.0
_LINUX = (
    ("keyring.backends.SecretService", "Keyring", "the desktop's Secret Service"),
    ("keyring.backends.kwallet", "DBusKeyring", "KWallet"),
)
BACKENDS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "linux": _LINUX,
    "darwin": (("keyring.backends.macOS", "Keyring", "the macOS Keychain"),),
    "win32": (("keyring.backends.Windows", "WinVaultKeyring", "the Windows Credential Manager"),),
}
"""Module, class and name of the stores that are trusted, by ``sys.platform``."""

T = TypeVar("T")
log = logging.getLogger(__name__)


class AccountKind(Enum):
    """Whether a key moves real money."""

    PAPER = "paper"
    LIVE = "live"


class LiveKeysRefused(UsageError):
    """A key of a live account would have to be kept where it is not safe."""


class Backend(Protocol):
    """What is used of a keyring backend."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """Where secrets are kept. ``persistent``: they outlive the program, and live keys are accepted."""

    name: str
    persistent: bool
    sentence: str


class SecretStore:
    """Reads and keeps secrets by venue, kind of account and name. Thread-safe."""

    def __init__(
        self,
        backend: Backend | None,
        status: StoreStatus,
        *,
        environment: Mapping[str, str] | None = None,
        redactor: Redactor = REDACTOR,
    ) -> None:
        """``backend`` None keeps them in memory; use :func:`open_store` to find the right one."""
        self.status = status
        self._backend = backend
        self._environment = os.environ if environment is None else environment
        self._redactor = redactor
        self._memory: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, venue: str, kind: AccountKind, name: str) -> str | None:
        """The secret, or None. A paper key is also looked for in the environment, as ``MONEYNESS_VENUE_PAPER_NAME``.

        Raises WorkFailed when the store does not answer, as when it is locked.
        """
        entry = _entry(venue, kind, name)
        with self._lock:
            found = self._memory.get(entry)
        if found is None and self._backend is not None:
            found = self._ask("reading", lambda backend: backend.get_password(SERVICE, entry))
        if found is None and kind is AccountKind.PAPER:
            found = self._environment.get(environment_name(venue, name)) or None
        if found is not None:
            self._redactor.register([found])
        return found

    def set(self, venue: str, kind: AccountKind, name: str, secret: str) -> None:
        """Keeps ``secret``. Raises LiveKeysRefused for a live key without a safe store, WorkFailed when it fails."""
        entry = _entry(venue, kind, name)
        if not secret or secret != secret.strip() or "\x00" in secret:
            raise UsageError(f"The {name} of {venue} is empty or has blanks around it; paste it again.")
        self._redactor.register([secret])
        if self._backend is None:
            if kind is AccountKind.LIVE:
                raise LiveKeysRefused(self._live_sentence())
            with self._lock:
                self._memory[entry] = secret
            return
        self._ask("keeping", lambda backend: backend.set_password(SERVICE, entry, secret))

    def delete(self, venue: str, kind: AccountKind, name: str) -> bool:
        """Forgets a secret; whether there was one to forget."""
        entry = _entry(venue, kind, name)
        with self._lock:
            was_here = self._memory.pop(entry, None) is not None
        if self._backend is None or self._ask("reading", lambda b: b.get_password(SERVICE, entry)) is None:
            return was_here
        self._ask("deleting", lambda backend: backend.delete_password(SERVICE, entry))
        return True

    def require_live(self) -> None:
        """Raises LiveKeysRefused unless live keys can be kept safely; asked before a live account is connected."""
        if not self.status.persistent:
            raise LiveKeysRefused(self._live_sentence())

    def _live_sentence(self) -> str:
        return f"Live trading needs a safe place for its keys: {self.status.sentence}"

    def _ask(self, doing: str, call: Callable[[Backend], T]) -> T:
        assert self._backend is not None  # noqa: S101 - callers have looked
        backend = self._backend
        try:
            return _within(_PROBE_TIMEOUT_S * 12, lambda: call(backend))
        except Exception as error:  # noqa: BLE001 - each backend has errors of its own
            # The text of a backend's error may quote the secret.
            raise WorkFailed(
                f"{self.status.name} failed while {doing} a key ({type(error).__name__}); unlock it and try again."
            ) from None


def open_store(*, redactor: Redactor = REDACTOR) -> SecretStore:
    """The store of this machine: the first trusted backend that keeps, gives back and forgets a probe; else memory.

    Never prompts for longer than five seconds and never raises; ``status.sentence`` says what was found.
    """
    failures: list[str] = []
    for module, name, title in BACKENDS.get(sys.platform, _LINUX):
        try:
            backend = _within(_PROBE_TIMEOUT_S, functools.partial(_probed, module, name))
        except Exception as error:  # noqa: BLE001 - any failure of a backend means the next one
            log.info("%s cannot keep keys: %s", title, type(error).__name__)
            failures.append(f"{title} ({_reason(error)})")
        else:
            status = StoreStatus(title, True, f"Keys are kept in {title}.")
            return SecretStore(backend, status, redactor=redactor)
    tried = " and ".join(failures)
    status = StoreStatus(
        "this session's memory",
        False,
        f"No safe store for keys answers on this machine: {tried}; "
        "paper keys are kept in memory until the desk closes.",
    )
    return SecretStore(None, status, redactor=redactor)


def environment_name(venue: str, name: str) -> str:
    """The environment variable that may hold a paper key: ``MONEYNESS_ALPACA_PAPER_KEY_ID``."""
    return re.sub(r"[^A-Z0-9]+", "_", f"{SERVICE}_{venue}_paper_{name}".upper())


def _entry(venue: str, kind: AccountKind, name: str) -> str:
    for part in (venue, name):
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", part):
            raise UsageError(f"{part!r} is no name for a key; use letters, digits, dots, dashes and underscores.")
    return f"{venue.lower()}/{kind.value}/{name.lower()}"


def _probed(module: str, name: str) -> Backend:
    """A backend that has just kept, given back and forgotten a random value; raises whatever goes wrong."""
    found = getattr(importlib.import_module(module), name)
    # A backend says by raising here that its operating system, its bus or its library is missing.
    if found.priority <= 0:
        raise RuntimeError("not recommended here")
    backend: Backend = found()
    entry, value = f"probe/{os.getpid()}-{random_secrets.token_hex(4)}", random_secrets.token_hex(16)
    backend.set_password(SERVICE, entry, value)
    try:
        if backend.get_password(SERVICE, entry) != value:
            raise RuntimeError("what was kept did not come back")
    finally:
        backend.delete_password(SERVICE, entry)
    if backend.get_password(SERVICE, entry) is not None:
        raise RuntimeError("what was deleted came back")
    return backend


def _within(limit_s: float, call: Callable[[], T]) -> T:
    """The result of ``call``, run on a thread of its own: a locked store may wait for a person for ever."""
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - carried to the caller's thread
            failures.append(error)

    thread = threading.Thread(target=run, name="secrets", daemon=True)
    thread.start()
    thread.join(limit_s)
    if failures:
        raise failures[0]
    if not results:
        raise TimeoutError(f"no answer in {limit_s:.0f} s")
    return results[0]


def _reason(error: BaseException) -> str:
    names = {
        "TimeoutError": "it did not answer",
        "KeyringLocked": "it is locked",
        "InitError": "it is not running",
        "ModuleNotFoundError": "it is not installed",
    }
    return names.get(type(error).__name__, "it is not available")
