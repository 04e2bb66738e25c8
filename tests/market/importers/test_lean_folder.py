"""Names, the catalogue of a folder, and what is said when it has not what was asked for."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path, PurePosixPath

import pytest

from terminal.core.instruments import Style
from terminal.core.osi import OptionSymbol, Right
from terminal.infra.failures import UserFacingError
from terminal.market.importers.lean.archive import UnreadableFile
from terminal.market.importers.lean.catalog import Catalog, NoSuchData
from terminal.market.importers.lean.layout import Asset, Data, FileName, Resolution, parse_member, parse_path
from tests.market.importers.lean_files import equity_daily, equity_minutes, option_quotes, write_zip


def test_every_zip_of_the_real_folder_has_a_name_that_says_what_it_is(lean: Path) -> None:
    zips = sorted(lean.rglob("*.zip"))
    assert len(zips) > 80
    for path in zips:
        relative = PurePosixPath(path.relative_to(lean).as_posix())
        found = parse_path(relative)
        assert found is not None, relative
        assert found.asset.value == relative.parts[0]
        assert found.resolution.value == relative.parts[2]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "indexoption/usa/minute/spxw/20210104_trade_european.zip.zip",
            (Asset.INDEX_OPTION, Resolution.MINUTE, "spxw", Data.TRADE, date(2021, 1, 4), Style.EUROPEAN),
        ),
        (
            "option/usa/hour/aapl_2014_quote_american.zip",
            (Asset.OPTION, Resolution.HOUR, "aapl", Data.QUOTE, None, Style.AMERICAN),
        ),
        ("equity/usa/daily/goog.zip", (Asset.EQUITY, Resolution.DAILY, "goog", Data.TRADE, None, None)),
        ("equity/usa/hour/brk.b_quote.zip", (Asset.EQUITY, Resolution.HOUR, "brk.b", Data.QUOTE, None, None)),
        (
            "equity/usa/tick/spy/20131008_trade.zip",
            (Asset.EQUITY, Resolution.TICK, "spy", Data.TRADE, date(2013, 10, 8), None),
        ),
    ],
)
def test_paths_are_read(path: str, expected: tuple[object, ...]) -> None:
    found = parse_path(PurePosixPath(path))
    assert found is not None
    assert (found.asset, found.resolution, found.ticker, found.data, found.day, found.style) == expected


@pytest.mark.parametrize(
    "path",
    [
        "equity/usa/map_files/goog.csv",
        "equity/usa/map_files/map_files_20240101.zip",
        "future/usa/minute/es/20240101_quote.zip",
        "equity/usa/minute/goog/20151332_trade.zip",
        "equity/usa/minute/20151224_trade.zip",
        "equity/usa/minute/goog/extra/20151224_trade.zip",
        "option/usa/minute/goog/20151224_quote.zip",
        "equity/usa/minute/goog/20151224_quote_american.zip",
        "option/usa/universes/goog/20151224.csv",
        "option/usa/hour/aapl_american.zip",
        "goog.zip",
    ],
)
def test_other_files_are_left_alone(path: str) -> None:
    assert parse_path(PurePosixPath(path)) is None


def _quotes_of_goog() -> FileName:
    found = parse_path(PurePosixPath("option/usa/minute/goog/20151224_quote_american.zip"))
    assert found is not None
    return found


def test_names_inside_an_option_zip_are_contracts() -> None:
    file = _quotes_of_goog()
    name = "20151224_goog_minute_quote_american_put_7525000_20160115.csv"
    assert parse_member(name, file) == OptionSymbol("GOOG", date(2016, 1, 15), Right.PUT, 752_500)
    for wrong in (
        "20151224_goog_minute_quote_american_put_7525000_20161315.csv",
        "20151224_goog_minute_quote_american_put_7525005_20160115.csv",
        "20151224_goog_minute_quote_american_put_0_20160115.csv",
        "20151224_goog_minute_quote_american_put_99999999999_20160115.csv",
        "20151224_goog_minute_quote_european_put_7525000_20160115.csv",
        "20151224_goog_minute_trade_american_put_7525000_20160115.csv",
        "20151223_goog_minute_quote_american_put_7525000_20160115.csv",
        "20151224_aapl_minute_quote_american_put_7525000_20160115.csv",
        "20151224_goog_minute_quote_american_swap_7525000_20160115.csv",
        "readme.txt",
        "",
    ):
        assert parse_member(wrong, file) is None, wrong


def test_the_real_folder_by_underlying_and_day(lean: Path) -> None:
    catalog = Catalog(lean)
    assert catalog.underlyings == ("AAPL", "AIG", "BAC", "EEM", "FB", "GOOG", "IBM", "IWM", "QQQ", "SPX", "SPY")
    assert catalog.days("GOOG") == (date(2015, 12, 23), date(2015, 12, 24), date(2015, 12, 28))
    assert catalog.days("SPX") == (date(2021, 1, 4), date(2023, 6, 26))
    assert catalog.require("spxw") == "SPX"
    roots = {each.name.ticker for each in catalog.files_on("SPX", date(2021, 1, 4))}
    assert roots == {"spx", "spxw"}
    chosen = catalog.select_days("GOOG", date(2015, 12, 1), date(2015, 12, 26))
    assert chosen == (date(2015, 12, 23), date(2015, 12, 24))
    finest = {(each.name.data, each.name.resolution) for each in catalog.finest_on("SPY", date(2013, 10, 8))}
    assert finest == {(Data.TRADE, Resolution.TICK), (Data.QUOTE, Resolution.SECOND)}
    hours = {
        each.name.resolution for each in catalog.finest_on("AAPL", date(2014, 6, 9)) if each.name.asset is Asset.OPTION
    }
    assert hours == {Resolution.HOUR}
    assert len(catalog.days("FB")) > 2_000


def test_a_day_without_data_names_the_nearest_ones(lean: Path) -> None:
    catalog = Catalog(lean)
    with pytest.raises(NoSuchData, match="no data of GOOG on 2015-12-25; the nearest is 2015-12-24 and 2015-12-28"):
        catalog.select_days("GOOG", date(2015, 12, 25), date(2015, 12, 25))
    with pytest.raises(NoSuchData, match=r"from 2016-01-01 to 2016-02-01; the nearest is 2015-12-28\."):
        catalog.select_days("GOOG", date(2016, 1, 1), date(2016, 2, 1))
    with pytest.raises(NoSuchData, match=r"on 1990-01-01; the nearest is 2015-12-23\."):
        catalog.select_days("GOOG", date(1990, 1, 1), date(1990, 1, 1))


def test_what_is_not_there_is_said_with_exit_code_two(lean: Path, tmp_path: Path) -> None:
    with pytest.raises(NoSuchData, match="has no data of 'TSLA'; it has AAPL, AIG"):
        Catalog(lean).require("TSLA")
    with pytest.raises(NoSuchData, match="is not a folder"):
        Catalog(tmp_path / "nowhere")
    with pytest.raises(NoSuchData, match="holds no data in Lean's layout"):
        Catalog(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(NoSuchData, match="is not a folder") as failure:
        Catalog(tmp_path / "file")
    assert isinstance(failure.value, UserFacingError)
    assert failure.value.exit_code == 2


def test_a_file_is_known_by_its_bytes(lean: Path, tmp_path: Path) -> None:
    there = "option/usa/minute/goog/20151228_quote_american.zip"
    copy = tmp_path / "elsewhere" / there
    copy.parent.mkdir(parents=True)
    shutil.copyfile(lean / there, copy)
    one = next(each for each in Catalog(lean).files if each.name.path == there)
    other = Catalog(tmp_path / "elsewhere").files[0]
    assert one.sha256 == other.sha256
    assert len(one.sha256) == 64
    copy.chmod(0o644)
    copy.write_bytes(copy.read_bytes() + b"\0")
    assert one.sha256 != other.sha256


def test_a_double_name_beside_a_plain_one_is_one_file(tmp_path: Path) -> None:
    path = option_quotes(tmp_path, "20240110", {"call_100000_20240119": "34200000,,,,,0,1,1,1,1,1\n"})
    shutil.copyfile(path, path.with_name(path.name + ".zip"))
    assert [each.name.path for each in Catalog(tmp_path).files] == [
        "option/usa/minute/acme/20240110_quote_american.zip"
    ]
    path.unlink()
    (doubled,) = Catalog(tmp_path).files
    assert doubled.name.path.endswith(".zip.zip")
    assert doubled.name.plain_path == "option/usa/minute/acme/20240110_quote_american.zip"


def test_a_security_is_followed_through_its_tickers(tmp_path: Path) -> None:
    row = "34200000,10000,10000,10000,10000,5\n"
    equity_minutes(tmp_path, "20240110", "trade", row, "olde")
    equity_minutes(tmp_path, "20240111", "trade", row, "acme")
    # After the change another security took the old ticker.
    equity_minutes(tmp_path, "20240112", "trade", row, "olde")
    maps = tmp_path / "equity/usa/map_files"
    maps.mkdir()
    (maps / "acme.csv").write_text("20200102,olde\n20240110,olde\n20501231,acme\n")
    catalog = Catalog(tmp_path)
    assert catalog.days("ACME") == (date(2024, 1, 10), date(2024, 1, 11))
    assert [each.name.ticker for each in catalog.files_on("ACME", date(2024, 1, 10))] == ["olde"]
    assert catalog.days("OLDE") == (date(2024, 1, 10), date(2024, 1, 12))


def test_daily_bars_make_a_day_only_where_there_is_nothing_finer(tmp_path: Path) -> None:
    equity_daily(tmp_path, "20240109 00:00,1,1,1,1,1\n20240110 00:00,1,1,1,1,1\n")
    assert Catalog(tmp_path).days("ACME") == (date(2024, 1, 9), date(2024, 1, 10))
    equity_minutes(tmp_path, "20240110", "trade", "34200000,1,1,1,1,5\n")
    assert Catalog(tmp_path).days("ACME") == (date(2024, 1, 10),)


def test_a_broken_file_of_many_days_is_named_when_its_days_are_asked(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "option/usa/hour/acme_2024_quote_american.zip", {})
    path.write_bytes(b"no zip")
    catalog = Catalog(tmp_path)
    with pytest.raises(UnreadableFile, match="acme_2024_quote_american"):
        catalog.days("ACME")
