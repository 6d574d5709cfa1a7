"""The command line of a chaos campaign: what it refuses."""

from __future__ import annotations

import pytest

from whalebot.app.cli import main


@pytest.mark.parametrize("option", ["--seeds", "--jobs"])
@pytest.mark.parametrize("number", ["0", "-3", "many"])
def test_a_number_that_is_none_is_refused(
    option: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["chaos", f"{option}={number}"])
    assert end.value.code == 2
    assert f"{option}: '{number}': allowed is a whole number from 1 on" in capsys.readouterr().err
