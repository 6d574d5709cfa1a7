"""The file with the ranked table of a scan: its name, its bytes, and how it is read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from whalebot.domain.errors import WhalebotError
from whalebot.domain.scan_table import TABLE_VERSION, ScanTable

FILE_NAME: Final = "scan_table.json"
MOST_LINES: Final = 1_000
MOST_EVENTS: Final = 20
_MOST_BYTES: Final = 8 * 1024 * 1024


class TableUnreadable(WhalebotError):
    """There is a file, but not one with a table of this version."""


def encode_table(table: ScanTable) -> bytes:
    """Return the table as JSON; NaN becomes null, prices are text."""
    import msgspec

    return msgspec.json.encode(table)


def read_scan_table(path: Path) -> ScanTable | None:
    """Return the table, None where there is no file. Raises TableUnreadable."""
    import msgspec

    try:
        if path.stat().st_size > _MOST_BYTES:
            raise TableUnreadable(f"{path}: larger than {_MOST_BYTES} bytes, so no scan has written it")
        body = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TableUnreadable(f"{path}: cannot be read ({error.strerror or error})") from error
    try:
        version = msgspec.json.decode(body, type=dict[str, Any]).get("version")
        if version != TABLE_VERSION:
            raise TableUnreadable(
                f"{path}: of version {version!r}, not {TABLE_VERSION}: use one release of both programs"
            )
        return msgspec.json.decode(body, type=ScanTable)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TableUnreadable(f"{path}: no table of a scan ({error}); a running scan replaces it") from error
