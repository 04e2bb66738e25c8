"""``moneyness journal verify`` and ``journal show``: work while a desk runs, on a read-only connection."""

from __future__ import annotations

import json
import sys

from terminal.core.clock import from_ns
from terminal.infra.paths import Profile
from terminal.store.journal import Journal


def verify(profile: Profile) -> int:
    """Checks the whole chain against the head kept outside; 1 when it is broken."""
    found = Journal(profile.journal_file, profile.journal_head_file).verify()
    print(found.sentence, file=sys.stdout if found.ok else sys.stderr)
    return 0 if found.ok else 1


def show(profile: Profile) -> int:
    """Prints the events, one JSON object a line."""
    for record in Journal(profile.journal_file, profile.journal_head_file).records():
        event = record.event
        line = {
            "seq": record.seq,
            "time": from_ns(event.ts_ns).isoformat(timespec="microseconds"),
            "session": event.session,
            "kind": event.kind.value,
            "body": event.body,
        }
        print(json.dumps(line, ensure_ascii=False))
    return 0
