"""Schemathesis over the running server: whatever it sends, every answer is one that the document names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from web_desk import TOKEN, served, well

_SETTINGS = """
[[operations]]
include-name = "PUT /api/v1/config"
checks.positive_data_acceptance.expected-statuses = ["2xx", "422"]

[[operations]]
include-name = "POST /api/v1/orders"
checks.positive_data_acceptance.expected-statuses = ["403"]
"""
"""Whether a key exists and a value fits is decided by the configuration, not by the shape of the request."""

_PHASES = "coverage,fuzzing" if os.environ.get("WHALEBOT_SOAK") == "1" else "fuzzing"
"""Every boundary of every parameter takes a minute: it is tried where long runs are asked for."""


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_no_request_gets_an_answer_that_the_document_does_not_name(tmp_path: Path) -> None:
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(_SETTINGS)
    st = Path(sys.executable).with_name("st")
    if not st.exists():
        pytest.skip("schemathesis is not installed")
    with served(well()) as client:
        ran = subprocess.run(
            [
                *(str(st), "--config-file", str(settings), "run"),
                f"http://127.0.0.1:{client.port}/openapi.json",
                *("--header", f"Authorization: Bearer {TOKEN}", "--phases", _PHASES),
                *("--max-examples", "6", "--seed", "1", "--continue-on-failure", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=230,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "30 selected" in ran.stdout
