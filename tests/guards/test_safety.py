"""What would open a door: unchecked TLS, other listeners, loose modes, unpacked objects, weak secrets."""

from __future__ import annotations

import ast
import re

from source_tree import calls_of, imports_of, modules

_NO_CHECK = re.compile(
    r"CERT_NONE|_create_unverified_context|check_hostname\s*=\s*False|verify\s*=\s*False|verify_mode\s*="
    r"|disable_warnings|PROTOCOL_(SSL|TLSv1\b)|NODE_TLS_REJECT|cert_reqs"
)
_EVERYWHERE = re.compile(r"""["'](0\.0\.0\.0|::)["']|INADDR_ANY""")
_UNPACKERS = {"pickle", "marshal", "shelve", "dill", "joblib", "yaml", "jsonpickle", "xmlrpc", "telnetlib"}
_RUNNERS = re.compile(r"(^|\.)(eval|exec|compile|__import__|execv\w*|execl\w*|spawn\w+|popen|system)$")
_HARMLESS = {"re.compile"}
_READ_BY_OTHERS = {"whalebot.app.commands.install_service"}
"""A unit of the service manager holds no secret, and root reads it."""


def _words(name: str) -> set[str]:
    return set(name.split("."))


def test_tls_is_never_left_unchecked() -> None:
    wrong = [
        f"{module.path.name}:{number}: {line.strip()}"
        for module in modules()
        if _NO_CHECK.search(module.text)
        for number, line in enumerate(module.text.splitlines(), 1)
        if _NO_CHECK.search(line)
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_listens_beyond_this_machine() -> None:
    wrong = [
        f"{module.path.name}:{number}: {line.strip()}"
        for module in modules()
        for number, line in enumerate(module.text.splitlines(), 1)
        if _EVERYWHERE.search(line)
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_unpacks_objects_or_runs_text() -> None:
    wrong = [
        f"{module.at(node)} imports {name}"
        for module in modules()
        for node, name in imports_of(module)
        if _words(name) & _UNPACKERS
    ]
    wrong += [
        f"{module.at(node)} calls {name}"
        for module in modules()
        for node, name in calls_of(module)
        if _RUNNERS.search(name) and name not in _HARMLESS
    ]
    wrong += [
        f"{module.at(node)}: allow_pickle"
        for module in modules()
        for node, _ in calls_of(module)
        if any(keyword.arg == "allow_pickle" for keyword in node.keywords)
    ]
    assert not wrong, "\n".join(wrong)


def test_programs_are_started_from_lists_without_a_shell() -> None:
    wrong = [
        f"{module.at(node)}: {ast.unparse(node)[:80]}"
        for module in modules()
        for node, name in calls_of(module)
        if name.startswith("subprocess.")
        and (
            any(keyword.arg == "shell" for keyword in node.keywords)
            or (node.args and isinstance(node.args[0], ast.Constant | ast.JoinedStr))
        )
    ]
    assert not wrong, "\n".join(wrong)


def test_no_mode_is_given_that_lets_others_in() -> None:
    wrong = []
    for module in (m for m in modules() if m.name not in _READ_BY_OTHERS):
        for node, name in calls_of(module):
            if name.rpartition(".")[2] in ("chmod", "fchmod", "mkdir", "makedirs", "open"):
                values = [*node.args, *(keyword.value for keyword in node.keywords)]
                modes = [v.value for v in values if isinstance(v, ast.Constant) and type(v.value) is int]
                wrong += [f"{module.at(node)}: {mode:o}" for mode in modes if mode > 0o100 and mode & 0o077]
    assert not wrong, "\n".join(wrong)


def test_secrets_are_not_drawn_from_a_guessable_source() -> None:
    wrong = [
        f"{module.at(node)}: {ast.unparse(node)[:80]}"
        for module in modules()
        if re.search(r"\brandom\b|Random\(|uuid1", module.text)
        for node in module.nodes
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and re.search(r"(?i)secret|token|password|api_key", ast.unparse(node).partition("=")[0])
        and re.search(r"\brandom\.|Random\(|uuid1", ast.unparse(node))
    ]
    assert not wrong, "\n".join(wrong)


def test_every_request_of_ours_has_a_time_limit() -> None:
    names = {
        "urllib.request.urlopen",
        "requests.get",
        "requests.post",
        "requests.request",
        "socket.create_connection",
    }
    wrong = [
        f"{module.at(node)}: {name}"
        for module in modules()
        for node, name in calls_of(module)
        if name in names and not any(keyword.arg == "timeout" for keyword in node.keywords)
    ]
    assert not wrong, "\n".join(wrong)
