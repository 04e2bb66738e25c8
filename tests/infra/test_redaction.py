"""What must not leave the machine does not, and what support needs stays readable."""

from __future__ import annotations

import base64
import json
import urllib.parse
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from terminal.infra.redaction import ACCOUNT, SECRET, Redactor

NOBODY = Redactor(Path("/nowhere/at/all"), "nobody-here")
SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_categories=["Cc", "Cs"]), min_size=6)


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("api_key=abc123", "abc123"),
        ('{"api_key": "a b, c"}', "a b, c"),  # pragma: allowlist secret
        ("{'secret': 'x;y z'}", "x;y z"),  # pragma: allowlist secret
        ('body {\\"token\\": \\"q q\\"} end', "q q"),
        ("APCA-API-SECRET-KEY: zzz999", "zzz999"),
        ("APCA-API-KEY-ID: PKZZZ", "PKZZZ"),
        ("Authorization: Bearer abc.def", "abc.def"),
        ("authorization=Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("sent Bearer 0123456789abcdef", "0123456789abcdef"),
        ("password : hunter2!", "hunter2!"),
        ("https://me:pa55@host/x", "pa55"),  # pragma: allowlist secret
        ("?signature=deadbeef&x=1", "deadbeef"),
        ("key PKABCDEFGHIJ12345678 used", "PKABCDEFGHIJ12345678"),
        ("live AKQWERTYUIOP12345678", "AKQWERTYUIOP12345678"),
        ("jwt eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", "eyJzdWIiOi"),
        ("kraken " + "Ab1+" * 21 + "Ab1x==", "Ab1+Ab1+"),
        ("binance " + "aB3" * 21 + "x", "aB3aB3"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),  # pragma: allowlist secret
        ("-----BEGIN PRIVATE KEY-----\nMIIE cut", "MIIE"),  # pragma: allowlist secret
        ("IB account U1234567", "U1234567"),
        ("paper DU7654321 connected", "DU7654321"),
        ('"account_number": "5YZ12345"', "5YZ12345"),
        ("account id: 904837e3-3b76-47ec-b432-046db621571b", "904837e3"),
        ("acct no. 12-34567", "12-34567"),
        ("mail jane.doe+x@example.co.uk now", "jane.doe"),
        ("/home/jane/desk", "jane"),
        ("C:\\Users\\jane\\x", "jane"),
        ('"C:\\\\Users\\\\jane\\\\x"', "jane"),
        ("file:///Users/jane/x", "jane"),
    ],
)
def test_shapes_of_secrets_go(text: str, gone: str) -> None:
    assert gone in text
    assert gone not in NOBODY.text(text)


@pytest.mark.parametrize(
    "text",
    [
        "GOOG  151224C00750000 buy 1 at 1.60, order 3f2a-17 filled",
        "digest 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "the account is paper, equity 99,948.70",
        "2026-01-05T14:30:00.000000Z lag 12 ms, 10,000 messages",
        "/usr/lib/python3.11/site-packages/numba/core/caching.py line 12",
        "SIMX 260105P04800000 U.S. index",
        "8 tokens left",
    ],
)
def test_what_support_needs_stays(text: str) -> None:
    assert NOBODY.text(text) == text


@given(secret=SECRETS, before=st.text(max_size=20), after=st.text(max_size=20))
@example(secret='quo"te\\x', before="", after="")
def test_a_registered_secret_goes_in_every_writing(secret: str, before: str, after: str) -> None:
    assume(secret == secret.strip() and secret not in before + SECRET + after)
    redactor = Redactor(Path("/nowhere/at/all"), "nobody-here")
    redactor.register([secret])
    for form in (
        secret,
        json.dumps({"x": secret}),
        json.dumps({"x": secret}, ensure_ascii=False),
        urllib.parse.quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode(),
    ):
        assert secret not in redactor.text(f"{before}\n{form}\n{after}")
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    assert encoded not in redactor.text(f"x {base64.b64encode(secret.encode()).decode()} y")


def test_short_strings_are_not_taken_for_secrets() -> None:
    redactor = Redactor(Path("/nowhere/at/all"), "nobody-here")
    redactor.register(["", "  ", "abc"])
    assert redactor.text("abc is a symbol") == "abc is a symbol"


def test_the_person_and_the_home_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.node", lambda: "janes-box.example")
    redactor = Redactor(Path("/data/people/jdoe"), "jdoe")
    text = redactor.text("/data/people/jdoe/x /data/people/jdoe2 owned by JDOE on janes-box, not ajdoeb")
    assert text == "~/x /data/people/jdoe2 owned by [user] on [machine], not ajdoeb"
    everybody = Redactor(Path("/root"), "root")
    assert everybody.text("the root SIMX, /root/x, /srv/root/x") == "the root SIMX, ~/x, /srv/root/x"


def test_json_stays_json_and_keys_tell() -> None:
    value = {
        "account": 12345678,
        "accounts": [{"account_number": "X99", "id": "DU1234567"}],
        "secret_key": 'with "quotes" and, commas',
        "nested": {"token": "t t t", "n": 3, "ok": True, "none": None},
        "plain": "750 call",
        "account_kind": "paper 1",
        "api-key": 99,
        "quantity": 99,
    }
    assert NOBODY.values(value) == {
        "account": ACCOUNT,
        "accounts": [{"account_number": ACCOUNT, "id": ACCOUNT}],
        "secret_key": SECRET,
        "nested": {"token": SECRET, "n": 3, "ok": True, "none": None},
        "plain": "750 call",
        "account_kind": "paper 1",
        "api-key": SECRET,
        "quantity": 99,
    }


leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=40))
trees = st.recursive(
    leaves, lambda x: st.one_of(st.lists(x, max_size=3), st.dictionaries(st.text(max_size=12), x, max_size=3))
)


@given(trees)
def test_any_json_keeps_its_shape(tree: object) -> None:
    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {key: shape(inner) for key, inner in value.items()}
        return [shape(inner) for inner in value] if isinstance(value, list) else None

    redacted = NOBODY.values(tree)
    assert shape(json.loads(json.dumps(redacted))) == shape(json.loads(json.dumps(tree)))


@given(st.text(max_size=200))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = NOBODY.text(text)
    assert NOBODY.text(once) == once


@pytest.mark.parametrize(
    "piece", ["a", "a-", "key", "api_key", "@", "a@", "account ", "eyJ", "token=", '\\"', "/home/", "1A"]
)
def test_long_text_does_not_take_for_ever(piece: str) -> None:
    """Each of these made some earlier pattern quadratic; the suite's own time limit is the judge."""
    NOBODY.text(piece * (60_000 // len(piece)))
