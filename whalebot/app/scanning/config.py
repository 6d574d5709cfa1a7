"""The scanner's part of config.json: found, checked, corrected; what else of the file the scanner reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from whalebot.adapters.bybit.hosts import HOSTS, Endpoints, check_urls
from whalebot.app.config.defaults import write_default
from whalebot.app.config.document import Config
from whalebot.app.config.environment import Environment
from whalebot.app.config.problems import ConfigProblems
from whalebot.app.config.reading import parse, read_file
from whalebot.app.config.references import resolve
from whalebot.app.config.service_tables import AlertChannel
from whalebot.app.config.validation import validate
from whalebot.domain.errors import ConfigError
from whalebot.scanner.correcting import Reading, read_table
from whalebot.scanner.options import ScannerOptions

TABLE: Final = "scanner"
_FLAT: Final = "signal_config"
_ALSO_READ: Final = ("exchange", "alerts")
_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class ScanConfig:
    """A configuration that can be used. `findings`: one line a correction; `notes`: worth a line, no fault.

    `missing`: keys that took their default. `corrected`: the owner's table with every correction in it, None
    where there is no table to correct. `is_flat`: the table is the whole file.
    """

    options: ScannerOptions
    endpoints: Endpoints
    channels: tuple[AlertChannel, ...]
    findings: tuple[str, ...]
    notes: tuple[str, ...]
    missing: tuple[str, ...]
    corrected: Mapping[str, Any] | None
    is_flat: bool
    secrets: tuple[str, ...] = field(repr=False, default=())


def read_scan_config(path: Path, environment: Environment, writes: bool) -> ScanConfig:
    """Read the file; where there is none a complete default one is written, unless `writes` is False.

    Raises ConfigError where the file cannot be read at all, or where the tables `exchange` and `alerts` hold
    what cannot be used.
    """
    text = read_file(path)
    if text is None and not writes:
        found = read_scan_text("{}", str(path), environment)
        return replace(found, notes=(f"{path}: not there; a default one would be created",))
    if text is None:
        write_default(path)
        found = read_scan_text(read_file(path) or "{}", str(path), environment)
        return replace(found, notes=(f"{path}: not there; a complete default one was written", *found.notes))
    return read_scan_text(text, str(path), environment)


def read_scan_text(text: str, source: str, environment: Environment) -> ScanConfig:
    """Check the text of a configuration file. Text that is no JSON gives the defaults and one finding."""
    findings: list[str] = []
    notes: list[str] = []
    try:
        document, problems = parse(text, source)
    except ConfigError as error:
        document, problems = {}, []
        findings.append(f"{error}; the defaults are used, the file is left alone")
    is_flat = _FLAT in document
    ours = () if is_flat else (TABLE, *_ALSO_READ)
    findings += [
        f"{problem}" for problem in problems if is_flat or problem.path[:1] in {(name,) for name in ours}
    ]
    raw, prefix = (document, ()) if is_flat else (document.get(TABLE), (TABLE,))
    if raw is None and not findings:
        notes.append(f"{source}: no table {TABLE}; the defaults hold")
    elif raw is not None and not isinstance(raw, dict):
        findings.append(f"{TABLE}: must be a table {{ ... }}; the defaults are used")
    table = raw if isinstance(raw, dict) else None
    reading = read_table(table or {}, prefix)
    findings += map(str, reading.findings)
    others, secrets = _others({} if is_flat else document, source, environment)
    options, secret_findings = _with_secret(reading.options, environment)
    return ScanConfig(
        options=options,
        endpoints=_endpoints(others),
        channels=others.alerts.channels,
        findings=(*findings, *secret_findings),
        notes=(*notes, *_unreachable(options)),
        missing=reading.missing,
        corrected=_corrected(table, reading),
        is_flat=is_flat,
        secrets=tuple(filter(None, (*secrets, options.alerts.webhook_secret))),
    )


def fixed_text(text: str, corrected: Mapping[str, Any], is_flat: bool) -> str:
    """Return the file with its table replaced and every other byte as it was."""
    if is_flat:
        return json.dumps(corrected, indent=4, ensure_ascii=False) + "\n"
    start, end, indent = _span(text, TABLE)
    body = json.dumps(corrected, indent=4, ensure_ascii=False).replace("\n", "\n" + indent)
    return text[:start] + body + text[end:]


def _span(text: str, wanted: str) -> tuple[int, int, str]:
    """Return where the value of a top-level key begins and ends, and what its line is indented by."""
    decoder = json.JSONDecoder()
    at = _skip(text, text.index("{") + 1)
    while text[at] == '"':
        line = text.rfind("\n", 0, at) + 1
        name, at = json.decoder.scanstring(text, at + 1)  # type: ignore[attr-defined]
        start = _skip(text, _skip(text, at) + 1)
        _, end = decoder.raw_decode(text, start)
        if name == wanted:
            lead = text[line:start]
            return start, end, lead[: len(lead) - len(lead.lstrip())]
        at = _skip(text, end)
        if text[at] != ",":
            break
        at = _skip(text, at + 1)
    raise ConfigError(f"no table {wanted} in the file")


def _skip(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def _others(document: Mapping[str, Any], source: str, environment: Environment) -> tuple[Config, list[str]]:
    table = {name: document[name] for name in _ALSO_READ if name in document}
    resolved, unset, secrets = resolve(table, environment)
    config, faults = validate(resolved, table)
    if problems := [*unset, *faults]:
        raise ConfigProblems(source, problems)
    return config, list(secrets.values())


def _endpoints(config: Config) -> Endpoints:
    rest, public, _ = HOSTS["mainnet"]
    given = config.exchange
    return check_urls(
        rest_url=given.rest_url or rest,
        ws_public_url=given.ws_public_url or public,
        ws_private_url=None,
        trusted_hosts=given.trusted_hosts,
        real_keys=False,
    )


def _with_secret(options: ScannerOptions, environment: Environment) -> tuple[ScannerOptions, Iterator[str]]:
    written = options.alerts.webhook_secret
    if written is None:
        return options, iter(())
    reference = _REFERENCE.fullmatch(written)
    value = environment.get(reference[1]) if reference else None
    alerts = replace(options.alerts, webhook_secret=value)
    place = f"{TABLE}.alerts.webhook_secret"
    said = (
        [f'{place} = (hidden): allowed is "${{NAME}}", never the secret itself; using none']
        if reference is None
        else [f"{place}: {reference[1]} is not set in the environment or .env; using none"]
        if value is None
        else []
    )
    return replace(options, alerts=alerts), iter(said)


def _unreachable(options: ScannerOptions) -> Iterator[str]:
    from whalebot.decisions.scan.scoring import reachable_confidences

    reachable = reachable_confidences(options.scan.signal_config)
    names = ", ".join(confidence.value for confidence in reachable)
    yield f"confidence classes that can occur with these thresholds: {names}"


def _corrected(table: Mapping[str, Any] | None, reading: Reading) -> Mapping[str, Any] | None:
    return reading.corrected if table is not None else None
