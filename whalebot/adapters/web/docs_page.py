"""The page /docs: every endpoint and error code, made from the OpenAPI document, without any script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from whalebot.adapters.web.problems import CODES

STYLE_PATH: Final = "/docs/style.css"
STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2rem; }
code { font-family: ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .25rem .75rem .25rem 0; vertical-align: top; }
article { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .5rem 0; }
.method { display: inline-block; min-width: 3.5rem; font-weight: 600; }
""".strip()


def docs_page(document: Mapping[str, Any]) -> str:
    """Return the page."""
    title = escape(document["info"]["title"])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>'
        f"{title}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="{STYLE_PATH}"></head><body><h1>{title}</h1>'
        f"<p>{escape(document['info'].get('description', ''))}</p>"
        '<p>For machines: <a href="/openapi.json">openapi.json</a>. '
        "Live: WebSocket <code>/api/v1/stream</code>.</p>"
        f"<h2>Endpoints</h2>{''.join(_endpoints(document))}"
        f"<h2>Errors</h2><table><tr><th>code</th><th>status</th><th>title</th></tr>{''.join(_errors())}"
        "</table></body></html>"
    )


def _endpoints(document: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            lock = " (token)" if operation.get("security") else ""
            yield (
                f'<article><code><span class="method">{escape(method.upper())}</span>{escape(path)}</code>'
                f"{lock}<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>"
                f"{_parameters(operation)}</article>"
            )


def _parameters(operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(_kind(one.get('schema', {})))}</td>"
        f"<td>{escape(one.get('description', ''))}</td></tr>"
        for one in operation.get("parameters", ())
    )
    return f"<table>{rows}</table>" if rows else ""


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    kind = str(schema.get("format") or schema.get("type", ""))
    limits = [f"{schema[name]}" for name in ("minimum", "maximum") if name in schema]
    return f"{kind} {' to '.join(limits)}".strip()


def _errors() -> Iterator[str]:
    for code, (status, title) in CODES.items():
        yield f'<tr id="{code}"><td><code>{code}</code></td><td>{status}</td><td>{escape(title)}</td></tr>'
