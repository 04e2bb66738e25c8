"""Which function runs which command; each is imported only when it is asked for."""

from __future__ import annotations

import argparse

from terminal.infra.paths import Profile


def run(found: argparse.Namespace, profile: Profile) -> int:
    """Runs a parsed command other than ``desk`` and gives its exit code."""
    match found.command:
        case "import":
            from terminal.cli.importing import import_recorded

            return import_recorded(profile, found.layout, found.path, found.underlying, found.date, found.json)
        case "volatility":
            from terminal.cli.volatility import record_volatility

            return record_volatility(profile, found.underlying, found.date, found.json)
        case "query":
            from terminal.cli.querying import query

            return query(profile, found.sql)
        case "journal":
            from terminal.cli.journal import show, verify

            return verify(profile) if found.action == "verify" else show(profile)
        case "kill":
            from terminal.cli.kill import kill, release

            return release(profile) if found.release else kill(profile, flatten=found.flatten)
        case "backup":
            from terminal.cli.saving import backup_profile

            return backup_profile(profile, found.file)
        case "restore":
            from terminal.cli.saving import restore_profile

            return restore_profile(profile, found.file)
        case "doctor":
            from terminal.cli.doctor import doctor

            return doctor(profile, found.bundle)
        case _:
            from terminal.bench.run import run_benchmarks

            return run_benchmarks(found.only, long=found.long, target=found.json)
