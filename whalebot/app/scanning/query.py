"""Which rows the command line asks for: sort, filter, preset, top."""

from __future__ import annotations

import difflib

from whalebot.app.scanning.arguments import ScanArguments
from whalebot.decisions.scan.filtering import parse_filter
from whalebot.decisions.scan.presets import PRESETS, Preset
from whalebot.decisions.scan.ranking import COLUMNS, DEFAULT_COLUMNS, sort_keys
from whalebot.domain.errors import ConfigError
from whalebot.scanner.options import ScannerOptions
from whalebot.scanner.view import TableQuery


def make_query(args: ScanArguments, options: ScannerOptions) -> TableQuery:
    """Return the query; what the command line says stands above a preset. Raises ConfigError."""
    preset = _preset(args.preset, options) if args.preset else Preset()
    text = args.filter if args.filter is not None else preset.filter
    sort = args.sort or preset.sort
    if sort:
        sort_keys(sort)
    return TableQuery(
        sort=sort,
        ascending=args.asc or (not args.sort and preset.ascending),
        filter=parse_filter(text) if text else None,
        top=args.top,
        columns=preset.columns,
    )


def _preset(name: str, options: ScannerOptions) -> Preset:
    own = options.presets.get(name)
    if own is not None:
        unknown = [column for column in own.columns if column not in COLUMNS]
        if unknown:
            near = difflib.get_close_matches(unknown[0], COLUMNS, 1, 0.0)
            raise ConfigError(
                f"scanner.presets.{name}.columns: no column {unknown[0]!r}; did you mean {near[0]}?"
            )
        return Preset(own.filter, own.sort, columns=own.columns or DEFAULT_COLUMNS)
    if name in PRESETS:
        return PRESETS[name]
    known = ", ".join((*PRESETS, *options.presets))
    raise ConfigError(f"--preset {name}: there is none of that name; known are {known}")
