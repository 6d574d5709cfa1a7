"""Files that are no good as text: each gets a message that says where and what to do."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.app.config.environment import Environment, read_environment
from whalebot.app.config.loading import check_text, load
from whalebot.app.config.problems import ConfigProblems
from whalebot.app.config.reading import parse, read_file
from whalebot.domain.errors import ConfigError

NO_SECRETS = Environment({})


@contextmanager
def somebody_else() -> Iterator[None]:
    """Lose the right of root to read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def message(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, NO_SECRETS)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"), [(r'{"symbol": "\ud800"}', "symbol"), (r'{"x\udc00": 1}', '"x\\udc00"')]
)
def test_half_a_character_is_named_with_its_place(text: str, place: str, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(text)
    with pytest.raises(ConfigProblems) as caught:
        load(file, NO_SECRETS)
    assert f"\n  {place}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ('{"mode": "demo",\n}', "line 2, column 1", "comma"),
        ('{\n  "mode": "demo"\n  "symbol": "BTCUSDT"\n}', "line 3, column 3", "comma"),
        ("{\n  // hello\n}", "line 2, column 3", "comment"),
        ("{'mode': 'demo'}", "line 1, column 2", "double quotes"),
        ('{"mode" "demo"}', "line 1, column 9", '"name": value'),
        ('{"mode": demo}', "line 1, column 10", "double quotes"),
        ('{"intrabar": True}', "line 1, column 14", "true, false, null"),
        ('{"mode": "demo', "line 1, column 10", "double quote"),
        ('{"mode": "demo"} {}', "line 1, column 18", "nothing after it"),
        ('{"dir": "C:\\data"}', "line 1, column 12", "backslash"),
    ],
)
def test_broken_json_names_line_column_and_remedy(text, place, remedy, tmp_path) -> None:
    file = tmp_path / "config.json"
    file.write_text(text)
    said = message(file)
    assert place in said
    assert remedy in said
    assert str(file) in said
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"[1]", "one table"),
        (b'"x"', "one table"),
        (b'{"mode": "\xff"}', "byte 10 is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{" + b" " * 5_000_000 + b"}", "no configuration file"),
    ],
)
def test_a_file_that_holds_no_table_is_refused(raw, words, tmp_path) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(raw)
    assert words in message(file)


def test_a_folder_in_place_of_the_file(tmp_path) -> None:
    assert message(tmp_path).endswith(
        f"{tmp_path}: a folder, where the configuration belongs; move it away, or name a file with --config"
    )


def test_a_dead_link_is_not_taken_for_a_missing_file(tmp_path) -> None:
    link = tmp_path / "config.json"
    link.symlink_to(tmp_path / "gone.json")
    assert "does not exist" in message(link)


def test_no_permission_names_the_remedy(tmp_path) -> None:
    tmp_path.chmod(0o755)
    for name in ("config.json", ".env"):
        (tmp_path / name).write_text("{}")
        (tmp_path / name).chmod(0)
    with somebody_else():
        assert "chmod u+r" in message(tmp_path / "config.json")
        with pytest.raises(ConfigError, match="chmod 600"):
            read_environment(tmp_path / ".env", {})


def test_a_byte_order_mark_is_no_fault(tmp_path) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(b'\xef\xbb\xbf{"mode": "paper"}')
    assert load(file, NO_SECRETS).config.mode == "paper"


def test_keys_written_twice_are_named_with_their_tables(refused) -> None:
    text = '{"mode":"demo","mode":"live","risk_guardrails":{"on_kill":"keep","on_kill":"close"}}'
    named = [str(problem) for problem in refused(text).problems]
    assert sorted(named) == [
        "mode: written more than once in its table; keep one of them",
        "risk_guardrails.on_kill: written more than once in its table; keep one of them",
    ]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e400", "9" * 5000])
def test_numbers_that_are_none_are_named(number, refused) -> None:
    [problem] = refused(f'{{"trade_management": {{"leverage": {number}}}}}').problems
    assert problem.path == ("trade_management", "leverage")
    assert "finite" in problem.text


def test_faults_of_the_text_and_of_the_values_come_together(refused) -> None:
    found = refused('{"loop_delay": NaN, "mode": "dmeo", "interval": "15", "interval": "15"}').problems
    assert {problem.path for problem in found} == {("loop_delay",), ("mode",), ("interval",)}


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text) -> None:
    try:
        table, _ = parse(text, "config.json")
    except ConfigError as e:
        said = str(e)
    else:
        assert isinstance(table, dict)
        return
    assert said.startswith("config.json: ")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(["mode", "demo", "alerts", "weight_sets", "symbols", "indicators"]), json_values
    )
)
def test_no_table_breaks_the_checks(table) -> None:
    try:
        check_text(json.dumps(table), "config.json", NO_SECRETS, {})
    except ConfigProblems as e:
        refusal = e
    else:
        return
    assert len(str(refusal).splitlines()) == len(refusal.problems) + 1
    assert str(refusal).isascii()


def test_a_pipe_is_refused_and_never_waited_for(tmp_path) -> None:
    path = tmp_path / "config.json"
    os.mkfifo(path)
    with pytest.raises(ConfigError, match="a pipe or a device"):
        read_file(path)
