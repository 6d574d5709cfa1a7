"""The files of a scan as the web server asks for them: the ranked table and the history of signals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whalebot.adapters.web.problems import ApiProblem
from whalebot.app.setup import Setup
from whalebot.domain.errors import ConfigError
from whalebot.domain.scan_table import ScanTable
from whalebot.scanner.correcting import read_table
from whalebot.scanner.history import FILE_NAME as HISTORY
from whalebot.scanner.history import latest_signals
from whalebot.scanner.table_file import FILE_NAME as TABLE
from whalebot.scanner.table_file import TableUnreadable, read_scan_table


class ScanFolder:
    """`ScanDesk` over the folder of `scanner.output.json_output_dir`. Any thread."""

    def __init__(self, setup: Setup) -> None:
        output = read_table(setup.config.scanner or {}).options.output
        self._folder: Path = setup.paths.dir / Path(output.json_output_dir).expanduser()
        self.absent = (
            f"no scan has written to {self._folder} yet; start one with: "
            f"whalebot scan --all --dir {setup.paths.dir}"
        )

    def table(self) -> ScanTable | None:
        """Return the table as it was last written, None where there is none. Raises ApiProblem."""
        try:
            return read_scan_table(self._folder / TABLE)
        except TableUnreadable as error:
            raise ApiProblem("degraded", f"{error}") from error

    def events(
        self, limit: int, before: int | None, symbol: str | None, mode: str
    ) -> tuple[list[Mapping[str, Any]], str | None, int]:
        """Return records of the history, the last kept first; see `ScanDesk`. Raises ApiProblem."""
        path = self._folder / HISTORY
        if not path.is_file():
            if self.table() is None:
                raise ApiProblem("no_scanner", self.absent)
            return [], None, 0
        try:
            return latest_signals(path, limit, before, symbol, mode)
        except ConfigError as error:
            raise ApiProblem("degraded", f"{error}") from error
