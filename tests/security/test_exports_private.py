"""What a command writes for its caller, and logs where a link lies in the way: private, and nowhere else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from whalebot.adapters.exchange.server.eventlog import EventLog
from whalebot.adapters.logs.files import LogFile
from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.logs.system import LogSettings, LogSystem
from whalebot.adapters.storage.trade_json import encode_trades
from whalebot.app.cli import main
from whalebot.app.private_file import private_text, write_private
from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.errors import ConfigError
from whalebot.domain.trade import ClosedTrade
from whalebot.research.report import backtest_files
from whalebot.research.store.tables import write_rows

TRADE = ClosedTrade(
    *("id-0", "live", "BTCUSDT", Side.BUY, 1_767_000_000_000, 1_767_003_600_000),
    *(Decimal(100), Decimal(101), Decimal(1), Decimal(1), Decimal(0), Decimal(0), Decimal(1)),
    *(
        Decimal(1),
        None,
        Decimal(0),
        Decimal(1),
        4,
        ClosedBy.STOP_LOSS,
        None,
        (),
        None,
        (),
        "0123456789abcdef",
    ),
)


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trade_history.json").write_bytes(encode_trades([TRADE]))
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.parquet"])
def test_an_export_is_its_owners_alone_and_follows_no_link(name: str, folder: Path) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    victim = folder / "victim"
    victim.write_text("mine\n")
    out = folder / name
    for _ in range(2):
        assert main(["export", "trades", "--out", str(out), "--dir", str(folder)]) == 0
        assert mode(out) == 0o600
        assert not out.is_symlink()
        assert out.stat().st_size > 10
        out.unlink()
        out.symlink_to(victim)
    assert victim.read_text() == "mine\n"


def test_tax_tables_are_their_owners_alone(folder: Path) -> None:
    out = folder / "tax"
    assert main(["tax", "--year", "2025", "--tz", "UTC", "--out", str(out), "--dir", str(folder)]) == 0
    files = list(out.iterdir())
    assert len(files) >= 3
    assert {mode(path) for path in files} == {0o600}
    assert mode(out) == 0o700


def test_a_file_that_was_not_finished_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_private(path, "old\n")
    with pytest.raises(UnicodeEncodeError), private_text(path) as file:
        file.write("new" * 10_000 + "\ud800")
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("path", [Path(os.devnull), Path("/")])
def test_a_name_that_is_no_files_is_refused(path: Path) -> None:
    with pytest.raises(ConfigError, match="name a file"):
        write_private(path, "x")


def test_the_files_of_a_backtest_are_their_owners_alone(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine\n")
    beside = tmp_path / ".report.html.new"
    beside.symlink_to(victim)
    backtest_files._write(beside, b"page")
    assert (beside.read_bytes(), mode(beside), beside.is_symlink()) == (b"page", 0o600, False)
    assert victim.read_text() == "mine\n"


@pytest.mark.parametrize("name", ["t.csv.gz", "t.parquet"])
def test_stored_bars_go_through_no_link(name: str, tmp_path: Path) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    victim = tmp_path / "victim"
    victim.write_text("mine\n")
    (tmp_path / f".{name}.new").symlink_to(victim)
    write_rows(tmp_path / name, ("timestamp", "close"), [("1", "2")])
    assert mode(tmp_path / name) == 0o600
    assert not (tmp_path / name).is_symlink()
    assert victim.read_text() == "mine\n"


def test_no_log_is_written_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine\n")
    victim.chmod(0o644)
    link = tmp_path / "a.log"
    link.symlink_to(victim)
    with pytest.raises(OSError, match="symbolic"):
        LogFile(link)
    with pytest.raises(OSError, match="a link, which is not followed"):
        EventLog(link, lambda: 1, lambda: 1)
    with pytest.raises(ConfigError, match="a link, which is not followed"):
        LogSystem(LogSettings(link, tmp_path / "b.log"), SecretMasker())
    assert (victim.read_text(), mode(victim)) == ("mine\n", 0o644)
