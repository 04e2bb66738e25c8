"""The command line's grammar. Every command takes ``--profile DIR``, in any place."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NoReturn

from terminal import __version__
from terminal.app.options import DeskOptions
from terminal.infra.failures import UsageError

COMMANDS = ("desk", "import", "volatility", "query", "journal", "kill", "backup", "restore", "bench", "doctor")
_AS_SET = -1.0
_LONGEST_RANGE_DAYS = 3660


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}; {self.prog} --help tells more.")


def split_profile(argv: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Takes ``--profile DIR`` or ``--profile=DIR`` out of the arguments, wherever it stands."""
    profile: Path | None = None
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == "--profile":
            value = next(words, None)
            if value is None:
                raise UsageError("--profile needs the folder that holds the profile.")
            profile = Path(value)
        elif word.startswith("--profile="):
            profile = Path(word.partition("=")[2])
        else:
            rest.append(word)
    if profile is not None and profile.exists() and not profile.is_dir():
        raise UsageError(f"The profile {profile} is not a folder.")
    return profile, rest


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments as a namespace with ``command``; UsageError for wrong ones. No command means ``desk``."""
    words = list(argv)
    if not words or (words[0] not in COMMANDS and words[0] not in {"-h", "--help", "--version"}):
        if words and not words[0].startswith("-"):
            raise UsageError(f"{words[0]!r} is not a command; there are {', '.join(COMMANDS)}.")
        words.insert(0, "desk")
    return _build().parse_args(words)


def desk_options(found: argparse.Namespace) -> DeskOptions:
    """Checked options of ``desk``; UsageError when two do not go together."""
    if found.replay is None and (found.underlying or found.date):
        raise UsageError("--underlying and --date belong to --replay PATH.")
    if found.replay is not None and not (found.underlying and found.date):
        raise UsageError("--replay needs --underlying SYM and --date D.")
    if found.replay is not None and found.resume:
        raise UsageError("--resume goes on with a simulated session; a replay starts anew.")
    if found.connect is not None and (found.replay or found.resume or found.seed is not None or found.speed != _AS_SET):
        raise UsageError("--connect goes without --replay, --resume, --seed and --speed: the feed sets its own pace.")
    return DeskOptions(
        seed=found.seed,
        headless=found.headless,
        seconds=found.seconds,
        speed=1.0 if found.speed == _AS_SET else found.speed,
        is_speed_given=found.speed != _AS_SET,
        size=found.size,
        theme=found.theme,
        workspace=found.workspace,
        screenshot=found.screenshot,
        report=found.report,
        frames=found.frames,
        frames_of=tuple(found.frames_of.split(",")),
        script=found.script,
        resume=found.resume,
        replay=found.replay,
        underlying=found.underlying,
        dates=found.date or (),
        connect=found.connect,
    )


def _build() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="moneyness", description="An options trading terminal.", epilog="--profile DIR: all state under DIR"
    )
    parser.add_argument("--version", action="version", version=f"moneyness {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    _add_desk(commands.add_parser("desk", help="opens the desk (the default)"))

    importer = commands.add_parser("import", help="reads market data into the database")
    importer.add_argument("layout", choices=["lean", "binance", "dbn", "events"])
    importer.add_argument("path", type=Path)
    importer.add_argument("--underlying", metavar="SYM", type=str.upper)
    importer.add_argument("--date", metavar="D", type=date_range)
    importer.add_argument("--json", metavar="FILE")

    vols = commands.add_parser("volatility", help="the daily record of volatility, from what was recorded and imported")
    vols.add_argument("--underlying", metavar="SYM", type=str.upper)
    vols.add_argument("--date", metavar="D", type=date_range)
    vols.add_argument("--json", metavar="FILE")

    query = commands.add_parser("query", help="read-only SQL on the market database, as CSV")
    query.add_argument("sql", metavar="SQL")

    journal = commands.add_parser("journal", help="the journal of orders")
    journal.add_argument("action", choices=["verify", "show"])

    kill = commands.add_parser("kill", help="the kill switch")
    kill.add_argument("--flatten", action="store_true", help="also closes every position")
    kill.add_argument("--release", action="store_true", help="takes the kill switch back")

    backup = commands.add_parser("backup", help="saves the profile to a file")
    backup.add_argument("file", type=Path)
    restore = commands.add_parser("restore", help="fills an empty profile from a backup")
    restore.add_argument("file", type=Path)

    bench = commands.add_parser("bench", help="the benchmarks, beside their peers")
    bench.add_argument("--only", metavar="NAME", nargs="+", default=[])
    bench.add_argument("--long", action="store_true")
    bench.add_argument("--json", metavar="FILE")

    doctor = commands.add_parser("doctor", help="what is installed, what is missing, where the files are")
    doctor.add_argument("--bundle", metavar="FILE", type=Path)
    return parser


def _add_desk(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=_seed)
    parser.add_argument("--headless", action="store_true", help="no display is needed")
    parser.add_argument("--seconds", type=_positive, metavar="N", help="ends after N market seconds")
    parser.add_argument("--speed", type=_speed, default=_AS_SET, metavar="X|max")
    parser.add_argument("--size", type=_size, metavar="WxH", help="of the window, 1280x800 at first")
    parser.add_argument("--theme", choices=["dark", "light"])
    parser.add_argument("--workspace", metavar="NAME")
    parser.add_argument("--screenshot", type=Path, metavar="FILE.png")
    parser.add_argument("--frames", type=Path, metavar="DIR", help="pictures of panels, frame by frame")
    parser.add_argument("--frames-of", metavar="TYPES", default="ladder,heatmap", help="which panels; comma between")
    parser.add_argument("--report", metavar="FILE")
    parser.add_argument("--script", type=Path, metavar="FILE")
    parser.add_argument("--resume", action="store_true", help="goes on with the last session")
    parser.add_argument("--connect", metavar="HOST:PORT", help="a feed that a program of your own serves")
    parser.add_argument("--replay", type=Path, metavar="PATH")
    parser.add_argument("--underlying", type=str.upper, metavar="SYM")
    parser.add_argument("--date", type=date_range, metavar="D")


def date_range(text: str) -> tuple[date, ...]:
    """The days of ``YYYY-MM-DD`` or ``D1..D2``."""
    first, dots, last = text.partition("..")
    try:
        start = date.fromisoformat(first)
        end = date.fromisoformat(last) if dots else start
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2015-12-24 or 2015-12-23..2015-12-28") from None
    days = (end - start).days
    if not 0 <= days <= _LONGEST_RANGE_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} must run forward, over ten years at most")
    return tuple(start + timedelta(days=offset) for offset in range(days + 1))


def _seed(text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a seed: a whole number from 0")
    return int(text)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero")
    return value


def _speed(text: str) -> float | None:
    return None if text == "max" else _positive(text)


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{3,5})x(\d{3,5})", text)
    if not found or not (640 <= int(found[1]) <= 16384 and 400 <= int(found[2]) <= 16384):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size like 1280x800, at least 640x400")
    return int(found[1]), int(found[2])
