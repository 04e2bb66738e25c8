"""Takes secrets, account numbers and people's names out of text before it is logged, shown or sent to anyone.

Two nets: strings that were registered as secrets, whatever they look like, and shapes that secrets and account numbers
have. A shape that fits too much costs a word in a log; one that fits too little costs an account.
"""

from __future__ import annotations

import base64
import getpass
import json
import platform
import re
import threading
import urllib.parse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SECRET = "[secret]"  # noqa: S105 - the word that stands for one
ACCOUNT = "[account]"
PERSON = "[user]"
MACHINE = "[machine]"
_SHORTEST_SECRET = 6
_EVERYBODYS_NAMES = frozenset(
    {"root", "admin", "administrator", "user", "users", "home", "runner", "test", "trader", "localhost"}
)

_LABELS = (
    r"api[_-]?key(?:[_-]?id)?|apikey|secret(?:[_-]?key)?|token|passw(?:or)?d|passwd|passphrase|authorization"
    r"|private[_-]?key|access[_-]?key|signature|cookie|credentials?|authkey|api-sign"
)
_SECRET_FIELD = re.compile(rf"(?i)[\w.-]{{0,40}}(?:{_LABELS})")
_ACCOUNT_FIELD = re.compile(r"(?i)[\w.-]{0,40}acc(?:oun)?t[ _-]?(?:number|num|no|id|code)?")
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), SECRET),
    (re.compile(r"(://)[^\s/@:]{1,200}:[^\s/@]{1,200}(?=@)"), rf"\1{SECRET}"),
    # A quoted value ends at its quote, an escaped quote does not end it; a bare one at a space or a separator.
    (
        re.compile(
            rf"""(?i)((?<![\w-])[\w-]{{0,40}}(?:{_LABELS})\\?["']?\s{{0,4}}[:=]\s{{0,4}})"""
            r"""(?:(\\?")(?:[^"\\]|\\[^"])*\\?"|(')[^']*'|(?:(?:bearer|basic)\s+)?[^\s"',;&}\])]+)"""
        ),
        rf"\1\2\3{SECRET}\2\3",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/_.=-]{8,}"), rf"\1 {SECRET}"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"), SECRET),
    (re.compile(r"\b(?:PK|AK|CK)[A-Z0-9]{14,24}\b"), SECRET),
    (re.compile(r"(?<![\w/+])[A-Za-z0-9+/]{40,}={1,2}(?![\w=])"), SECRET),
    (re.compile(r"(?<!\w)(?=[A-Za-z0-9]*[a-z])(?=[A-Za-z0-9]*[A-Z])(?=[A-Za-z]*\d)[A-Za-z0-9]{40,}(?!\w)"), SECRET),
    (
        re.compile(
            r"""(?i)(\bacc(?:oun)?t(?:[ _-]?(?:number|num|no|id|code))?\.?\\?["']?\s{0,4}(?:[:=#]\s{0,4}|\s)\\?["']?)"""
            r"""(?=[A-Za-z-]{0,12}\d)[A-Za-z0-9-]{5,64}"""
        ),
        rf"\1{ACCOUNT}",
    ),
    (re.compile(r"\b(?:DU|DF|DI|U|F|I)[A-Z]?\d{6,9}\b"), ACCOUNT),
    (re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+"), "[email]"),
    (re.compile(r"((?:/home|/Users|[A-Za-z]:(?:\\{1,2}|/)Users)(?:\\{1,2}|/))[^/\\\s\"':]+"), rf"\1{PERSON}"),
)


class Redactor:
    """Redacts text; secrets can be registered from any thread."""

    def __init__(self, home: Path | None = None, user: str | None = None) -> None:
        """``home`` and ``user``: of the person at the machine, found by themselves when not given."""
        self._lock = threading.Lock()
        self._secrets: re.Pattern[str] | None = None
        self._known: set[str] = set()
        self._personal = _personal_patterns(
            home if home is not None else _home(), user if user is not None else _user()
        )

    def register(self, secrets: Iterable[str]) -> None:
        """From now on these strings are taken out, also quoted for JSON, URLs and base64. Shorter than 6 are not."""
        forms: set[str] = set()
        for secret in secrets:
            text = secret.strip()
            if len(text) >= _SHORTEST_SECRET:
                forms |= {
                    text,
                    json.dumps(text)[1:-1],
                    json.dumps(text, ensure_ascii=False)[1:-1],
                    urllib.parse.quote(text, safe=""),
                    urllib.parse.quote_plus(text),
                    base64.b64encode(text.encode()).decode().rstrip("="),
                }
        with self._lock:
            self._known |= forms
            longest_first = sorted(self._known, key=len, reverse=True)
            self._secrets = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def values(self, value: Any, key: str = "") -> Any:
        """JSON data with its strings redacted, so that it stays JSON; a key that names a secret hides its value."""
        if isinstance(value, dict):
            return {name: self.values(inner, str(name)) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.values(inner, key) for inner in value]
        if isinstance(value, str):
            return self.field(key, value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            hidden = self.field(key, str(value))
            return hidden if hidden in {SECRET, ACCOUNT} else value
        return value

    def field(self, name: str, text: str) -> str:
        """The text of a named field: the name alone can say that all of it is a secret."""
        if text and _SECRET_FIELD.fullmatch(name):
            return SECRET
        if _ACCOUNT_FIELD.fullmatch(name) and any(letter.isdigit() for letter in text):
            return ACCOUNT
        return self.text(text)

    def text(self, text: str) -> str:
        """``text`` without what must not leave the machine."""
        if self._secrets is not None:
            text = self._secrets.sub(SECRET, text)
        for pattern, replacement in _SHAPES:
            text = pattern.sub(replacement, text)
        for pattern, replacement in self._personal:
            text = pattern.sub(replacement, text)
        return text


def _personal_patterns(home: Path | None, user: str | None) -> list[tuple[re.Pattern[str], str]]:
    found: list[tuple[re.Pattern[str], str]] = []
    if home is not None and len(home.parts) > 1:
        plain = str(home)
        forms = dict.fromkeys((plain.replace("\\", "\\\\"), plain, home.as_posix()))
        found += [(re.compile(rf"(?<!\w){re.escape(form)}(?![\w-])"), "~") for form in forms]
    machine = platform.node().partition(".")[0]
    for name, word in ((user, PERSON), (machine, MACHINE)):
        if name and len(name) > 2 and name.lower() not in _EVERYBODYS_NAMES:
            found.append((re.compile(rf"(?i)(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])"), word))
    return found


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None


REDACTOR = Redactor()
"""The one that logs, crash reports and support bundles use."""
