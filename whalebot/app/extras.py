"""What to do where an optional part of the program is not installed."""

from __future__ import annotations


def install(extra: str) -> str:
    """Return the remedy. The program is installed from its clone: on an index its name may be another's."""
    return f'install the extra: pip install -e ".[{extra}]" in the clone of whalebot'
