"""The commands: search, show, apply, walk forward; what they refuse and what they keep."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import optuna
import pytest
from optimise_markets import START, drifting
from optuna.distributions import CategoricalDistribution

from whalebot.app.cli import main
from whalebot.app.exits import CLEAN, CONFIGURATION, DIFFERENCE

SPACE = """
constraints = ["trade_management.stop_loss_atr_multiple < trade_management.take_profit_atr_multiple"]
[parameters]
trade_management.stop_loss_atr_multiple = { low = 1.0, high = 4.0, step = 0.5 }
trade_management.take_profit_atr_multiple = { low = 1.0, high = 9.0, step = 1.0 }
"""
TRAILING = "trade_management.enable_trailing_stop"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a configuration, hourly bars with an edge, and a space."""
    bars = drifting(1, 150, 0.6)
    rows = np.column_stack((bars.open_ms, bars.open / 10, bars.high / 10, bars.low / 10, bars.close / 10))
    lines = [f"{int(t)},{o:.1f},{h:.1f},{low:.1f},{c:.1f},5" for t, o, h, low, c in rows.tolist()]
    (tmp_path / "BTCUSDT.csv").write_text("\n".join(["timestamp,open,high,low,close,volume", *lines]) + "\n")
    (tmp_path / "space.toml").write_text(SPACE)
    config = {"interval": "60", "trade_management": {"enable_trailing_stop": False}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


def call(folder: Path, command: str, *more: str) -> int:
    data = ["--data", f"BTCUSDT={folder / 'BTCUSDT.csv'}", "--space", str(folder / "space.toml")]
    data += ["--strategy", "ema_cross", "--jobs", "1", "--tick", "0.1", "--step", "0.001"]
    return main([command, *more, *data, "--quiet", "--dir", str(folder)])


def optimize(folder: Path, *more: str) -> int:
    return call(folder, "optimize", "--study", "s", "--min-trades", "5", *more)


def apply(folder: Path, *more: str) -> int:
    return main(["optimize", "apply", "--study", "s", *more, "--dir", str(folder)])


def test_a_search_is_applied_and_the_old_configuration_kept(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert optimize(folder, "--trials", "8", "--out", str(folder / "out")) in (CLEAN, DIFFERENCE)
    text = capsys.readouterr().out
    assert "deflated Sharpe ratio" in text
    assert "after 8 trials" in text
    found = json.loads((folder / "out/optimisation.json").read_text())
    assert found["trials"] == found["honesty"]["trials"] == 8
    assert len((folder / "out/trials.csv").read_text().splitlines()) == 9
    page = (folder / "out/optimisation.html").read_text()
    assert "<svg" in page
    assert 'name="viewport"' in page
    assert "<h2>how far to believe it</h2>" in page
    # Every line may wrap: a narrow screen cuts none.
    assert "<pre" not in page
    assert "white-space:pre-wrap" in page
    before = (folder / "config.json").read_text()
    assert apply(folder, "--force") == CLEAN
    told = capsys.readouterr().out
    stop = found["best"]["values"]["trade_management.stop_loss_atr_multiple"]
    after = json.loads((folder / "config.json").read_text())
    assert after["trade_management"]["stop_loss_atr_multiple"] == stop
    assert after["trade_management"]["enable_trailing_stop"] is False
    assert after["interval"] == "60"
    assert (folder / "config.json.old-1").read_text() == before
    assert f"trade_management.stop_loss_atr_multiple: 1.5 -> {stop}" in told
    assert apply(folder, "--force") == CLEAN
    assert "has these values already" in capsys.readouterr().out
    assert not (folder / "config.json.old-2").exists()


def test_a_backtest_of_what_was_applied_finds_what_the_search_found(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    span = ("--from", "2022-02-01T12:00", "--to", "2022-04-15")
    optimize(folder, "--trials", "3", "--json", *span)
    figures = json.loads(capsys.readouterr().out)["best"]["figures"]
    apply(folder, "--force")
    capsys.readouterr()
    data = ["--data", f"BTCUSDT={folder / 'BTCUSDT.csv'}", "--tick", "0.1", "--step", "0.001", *span]
    how = ["--strategy", "ema_cross", "--tier", "event", "--format", "json"]
    assert main(["backtest", *data, *how, "--quiet", "--dir", str(folder)]) == CLEAN
    text = capsys.readouterr().out
    assert figures["trades"] > 5
    assert f'"trades": {figures["trades"]},' in text
    assert f'"sharpe": {figures["sharpe"]:.8f}'[:-3] in text
    assert f'"profit_factor": {figures["profit_factor"]:.8f}'[:-3] in text


def test_apply_refuses_what_was_not_tested_or_not_believed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    optimize(folder, "--trials", "4")
    before = (folder / "config.json").read_text()
    capsys.readouterr()
    assert apply(folder, "--trial", "99") == CONFIGURATION
    assert "no finished trial 99" in capsys.readouterr().err
    with open(folder / "BTCUSDT.csv", "a") as file:
        file.write("\n")
    assert apply(folder) == CONFIGURATION
    assert "has changed since the search" in capsys.readouterr().err
    (folder / "config.json").write_text(before.replace("false", "true"))
    assert apply(folder) == CONFIGURATION
    assert f"{TRAILING}: false -> true" in capsys.readouterr().err
    assert main(["optimize", "apply", "--study", "t", "--dir", str(folder)]) == CONFIGURATION
    assert "the storage has s" in capsys.readouterr().err
    assert not list(folder.glob("config.json.old*"))


@pytest.mark.parametrize("values", [{"mode": "live"}, {"live_trading_confirmed": True}])
def test_no_study_makes_a_configuration_trade_live(
    folder: Path, values: dict[str, str | bool], capsys: pytest.CaptureFixture[str]
) -> None:
    optimize(folder, "--trials", "1")
    study = optuna.load_study(study_name="s", storage=f"sqlite:///{folder / 'studies.db'}")
    kinds = {key: CategoricalDistribution((value,)) for key, value in values.items()}
    kept = study.trials[0].user_attrs
    study.add_trial(optuna.create_trial(params=values, distributions=kinds, value=9.0, user_attrs=kept))
    before = (folder / "config.json").read_text()
    capsys.readouterr()
    assert apply(folder, "--trial", "1", "--force") == CONFIGURATION
    assert "is never applied" in capsys.readouterr().err
    assert (folder / "config.json").read_text() == before


def test_the_same_command_goes_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    optimize(folder, "--trials", "3", "--json")
    first = json.loads(capsys.readouterr().out)
    optimize(folder, "--trials", "6", "--json")
    second = json.loads(capsys.readouterr().out)
    assert (first["trials"], second["trials"]) == (3, 6)
    assert optimize(folder, "--trials", "6", "--objective", "calmar") == CONFIGURATION
    assert "made with other objectives" in capsys.readouterr().err
    assert main(["optimize", "show", "--study", "s", "--dir", str(folder)]) == CLEAN
    assert "study s: 6 trials; objective sharpe_drawdown" in capsys.readouterr().out


def test_a_study_in_a_journal_is_shown_and_applied(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = ("--storage", str(folder / "studies.journal"))
    optimize(folder, "--trials", "3", *storage)
    optimize(folder, "--trials", "4", *storage)
    assert "after 4 trials" in capsys.readouterr().out
    assert main(["optimize", "show", *storage, "--dir", str(folder)]) == CLEAN
    assert capsys.readouterr().out == "s: 4 trials asked for\n"
    assert main(["optimize", "show", "--study", "s", *storage, "--dir", str(folder)]) == CLEAN
    assert "study s: 4 trials; objective sharpe_drawdown" in capsys.readouterr().out
    assert apply(folder, "--force", *storage) == CLEAN
    assert "trial " in capsys.readouterr().out
    assert (folder / "config.json.old-1").exists()
    assert not (folder / "studies.db").exists()


@pytest.mark.parametrize("storage", [(), ("sqlite:///{}/own.db",), ("{}/own.journal",)])
@pytest.mark.parametrize("action", ["apply", "show"])
def test_no_study_is_made_where_one_is_looked_for(
    action: str, storage: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [f"--storage={url.format(tmp_path)}" for url in storage]
    before = sorted(tmp_path.iterdir())
    command = ["optimize", action, "--study", "s", *named, "--dir", str(tmp_path)]
    assert main(command) == CONFIGURATION
    told = capsys.readouterr().err
    assert f"{tmp_path}/" in told
    assert "there is no such file of studies; name its folder with --dir, or --storage" in told
    assert sorted(tmp_path.iterdir()) == before


def test_what_to_type_next_names_where_the_study_lies(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "--study",
        "s",
        "--min-trades",
        "5",
        "--trials",
        "3",
        "--strategy",
        "ema_cross",
        "--jobs",
        "1",
    ]
    arguments += ["--data", f"BTCUSDT={folder / 'BTCUSDT.csv'}", "--space", str(folder / "space.toml")]
    main(["optimize", *arguments, "--tick", "0.1", "--step", "0.001", "--dir", str(folder)])
    *_, last = capsys.readouterr().out.splitlines()
    assert last == f"to use it: whalebot optimize apply --study s --dir {folder}"
    assert main([*last.removeprefix("to use it: whalebot ").split(), "--force"]) == CLEAN


def test_a_trial_without_trades_is_no_result(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(folder, "optimize", "--study", "s", "--trials", "2", "--min-trades", "9999") == DIFFERENCE
    assert "no trial has a score" in capsys.readouterr().out
    assert apply(folder) == CONFIGURATION


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ("[parameters]\ntrade_management.stop_los = { low = 1, high = 2 }", "did you mean"),
        (
            "[parameters]\ntrade_management.leverage = { low = -1, high = 2 }",
            "trade_management.leverage = -1",
        ),
        ('[parameters]\ninterval = { choices = ["60", "61"] }', 'interval = "61"'),
        ("[parameters]\nlogging.level = { choices = ['info'] }", "decides no trade"),
        ("[parameters]\nmode = { choices = ['demo', 'live'] }", "mode: decides no trade"),
        ("[parameters]\nlive_trading_confirmed = { choices = [true] }", "decides no trade"),
        ("[parameters]\nexchange.rest_url = { choices = ['http://127.0.0.1'] }", "decides no trade"),
        ("[parameters]\nalerts.enabled = { choices = [true] }", "decides no trade"),
        ("[parameters]\nsymbol = { choices = ['BTCUSDT'] }", "decides no trade"),
        ("[parameters]\non_shutdown = { choices = ['keep'] }", "decides no trade"),
        ("[parameters]\ntrade_management.trading_fee_percent = { low = 0.0, high = 0.1 }", "not a choice"),
        ("parameters = 3", "needs a table"),
        ("[parameters", "space.toml"),
        (SPACE.replace('trade_management.take_profit_atr_multiple"', 'interval"'), "is not a number"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused(
    folder: Path, space: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "space.toml").write_text(space)
    assert optimize(folder, "--trials", "2") == CONFIGURATION
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("command", ["optimize", "walkforward"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("--strategy", "frob"), "--strategy frob: shipped are scoring, ema_cross"),
        (("--dir", "not/there"), "not/there: there is no such folder"),
        (("--from", "2029-01-01"), "--from 2029-01-01T00:00:00.000+00:00: the data ends before"),
        (("--interval", "7"), "--interval: '7': allowed are 1, 3"),
    ],
)
def test_what_no_trial_could_mend_is_refused_before_the_first_one(
    folder: Path, command: str, change: tuple[str, str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", f"BTCUSDT={folder / 'BTCUSDT.csv'}", "--space", str(folder / "space.toml")]
    options = {"--dir": str(folder), "--strategy": "ema_cross", "--tick": "0.1", **dict([change])}
    try:
        code = main([command, *data, "--quiet", *(word for pair in options.items() for word in pair)])
    except SystemExit as end:
        code = int(str(end.code))
    assert code == CONFIGURATION
    assert words in capsys.readouterr().err
    assert not (folder / "studies.db").exists()


def test_a_configuration_that_no_backtest_plays_is_refused_before_the_first_trial(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "config.json").write_text(
        json.dumps({"interval": "60", "trade_management": {"latency_ms": 50}})
    )
    assert optimize(folder, "--trials", "2") == CONFIGURATION
    assert "no trial can be made: trade_management.latency_ms: 50" in capsys.readouterr().err
    assert not (folder / "studies.db").exists()


@pytest.mark.parametrize("command", ["optimize", "walkforward"])
def test_without_optuna_the_remedy_is_named(
    folder: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("whalebot.app.search_options.find_spec", lambda name: None)
    assert call(folder, command) == CONFIGURATION
    assert 'pip install -e ".[research]" in the clone' in capsys.readouterr().err


def test_a_walk_forward_is_told_and_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spans = ("--train", "90", "--test", "25", "--trials", "3", "--min-trades", "1")
    assert call(folder, "walkforward", *spans, "--out", str(folder / "out")) in (CLEAN, DIFFERENCE)
    assert "out of sample" in capsys.readouterr().out
    found = json.loads((folder / "out/walkforward.json").read_text())
    assert len(found["folds"]) == 3
    assert found["honesty"]["trials"] == 9
    assert call(folder, "walkforward", "--train", "200") == CONFIGURATION


def test_a_span_warms_up_before_it_and_ends_with_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    span = ("--from", "2022-03-01", "--to", "2022-04-01T00:00:00Z", "--trials", "2", "--json")
    optimize(folder, *span)
    assert json.loads(capsys.readouterr().out)["honesty"]["days"] == 31
    assert START < 1_646_092_800_000
