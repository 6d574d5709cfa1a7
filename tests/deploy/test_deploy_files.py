"""The files for containers and monitoring: whole, of one mind with the program, and without secrets."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from whalebot.app.cli import add_common_options
from whalebot.app.commands import run as run_command
from whalebot.app.commands import status
from whalebot.app.config.defaults import default_text

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
USER = 10001
_NAME = re.compile(r"\b((?:whalebot|process)_[a-z0-9_]+)")
_SUFFIX = re.compile(r"_(bucket|sum|count)$")


def yaml_of(path: Path) -> list[dict[str, Any]]:
    yaml = pytest.importorskip("yaml", reason="no YAML parser is installed")
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def parsed(arguments: list[str]) -> argparse.Namespace:
    """Read a command line as the program does."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    commands = parser.add_subparsers(dest="command")
    for module in (run_command, status):
        module.add_parser(commands)
    for name in commands.choices:
        add_common_options(commands.choices[name])
    return parser.parse_args(arguments)


def metric_names() -> set[str]:
    """The names that the program renders, as Prometheus keeps them."""
    source = "".join(
        (ROOT / "whalebot/adapters/metrics" / name).read_text() for name in ("families.py", "positions.py")
    )
    given = set(re.findall(r'"((?:whalebot|process)_[a-z_]+)"', source))
    given |= {f"whalebot_{name}" for name in re.findall(r'\{PREFIX\}([a-z_]+)"', source)}
    given |= {
        f"whalebot_{name}"
        for name in re.findall(r'_(?:gauge|optional|one_histogram)\(\s*"([a-z_]+)"', source)
    }
    counters = set(re.findall(r'_counters?\(\s*"([a-z_]+)"', source))
    counters |= set(re.findall(r'^\s+\("(ws_[a-z_]+)", ', source, re.MULTILINE))
    given |= {f"whalebot_symbol_{name}" for name in ("pnl", "fees", "funding")}
    return given | {f"{name}_total" for name in given} | {f"whalebot_{name}_total" for name in counters}


def used_names(expressions: list[str]) -> set[str]:
    found = {name for text in expressions for name in _NAME.findall(text)}
    return {_SUFFIX.sub("", name) for name in found}


def run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed")
    return subprocess.run(
        [path, *arguments], cwd=DEPLOY, capture_output=True, text=True, timeout=60, check=False
    )


# --- Prometheus and Grafana ------------------------------------------------------------------------------


def test_the_rules_do_what_their_tests_say() -> None:
    done = run("promtool", "test", "rules", "prometheus/rules_test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_and_the_example_of_a_configuration_are_valid() -> None:
    for arguments in (
        ("check", "rules", "prometheus/rules.yml"),
        ("check", "config", "--syntax-only", "prometheus/prometheus.yml"),
    ):
        done = run("promtool", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_asks_for_figures_that_exist_and_says_what_it_means() -> None:
    [document] = yaml_of(DEPLOY / "prometheus/rules.yml")
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    assert used_names([rule["expr"] for rule in rules]) <= metric_names()
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 10
    for rule in rules:
        assert rule["labels"]["severity"] in ("warning", "critical"), rule["alert"]
        assert rule["annotations"]["summary"], rule["alert"]


def test_the_dashboard_asks_for_figures_that_exist_by_a_data_source_of_choice() -> None:
    board = json.loads((DEPLOY / "grafana/whalebot.json").read_text(encoding="utf-8"))
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    assert used_names(expressions) <= metric_names()
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource", "instance"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for text in expressions:
        assert text.count("(") == text.count(")"), text
        assert "$instance" in text, text


def test_panels_do_not_overlap() -> None:
    board = json.loads((DEPLOY / "grafana/whalebot.json").read_text(encoding="utf-8"))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells


# --- the image --------------------------------------------------------------------------------------------


def test_the_image_is_without_complaint() -> None:
    done = run("hadolint", "docker/Dockerfile")
    assert done.returncode == 0, done.stdout


def test_the_image_runs_as_nobody_special_in_two_stages_and_copies_no_secret() -> None:
    text = (DEPLOY / "docker/Dockerfile").read_text(encoding="utf-8")
    assert len(re.findall(r"^FROM python:3\.12-slim\b", text, re.MULTILINE)) == 2
    assert f"USER {USER}:{USER}" in text
    assert text.index("USER ") < text.index("ENTRYPOINT")
    assert "--require-hashes" in text
    copied = [
        line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY ") and "--from" not in line
    ]
    assert all((ROOT / name).exists() for names in copied for name in names)
    allowed = (DEPLOY / "docker/Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert "*" in allowed
    assert not [line for line in allowed if ".env" in line and line.startswith("!")]
    for name in (name for names in copied for name in names):
        assert f"!{name}" in allowed, f"{name} would not reach the build"


def test_the_health_check_is_a_command_that_exists() -> None:
    text = (DEPLOY / "docker/Dockerfile").read_text(encoding="utf-8")
    found = re.search(r"HEALTHCHECK.*?CMD (\[.*?\])", text, re.DOTALL)
    assert found is not None
    command = json.loads(found[1])
    assert command[0] == "whalebot"
    assert parsed(command[1:]).check == "alive"


def test_the_images_packages_are_those_of_the_program_each_with_its_hash() -> None:
    lock = (DEPLOY / "docker/requirements.lock").read_text(encoding="utf-8")
    assert "http" not in re.sub(r"(aiohttp|httpcore|httptools|httpx)\S*", "", lock)
    pinned = set()
    for block in re.split(r"\n(?=[a-z])", lock):
        name = re.match(r"([A-Za-z0-9_.-]+)==(\S+)", block)
        assert name is not None, block[:60]
        assert "--hash=sha256:" in block, name[1]
        pinned.add(name[1].lower().replace("_", "-"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for requirement in (*project["dependencies"], *extras["web"], *extras["alerts"]):
        wanted = re.match(r"[A-Za-z0-9-]+", requirement)
        assert wanted is not None
        assert wanted[0].lower() in pinned, requirement


# --- compose and Kubernetes -----------------------------------------------------------------------------


def test_the_composed_daemon_can_write_its_volume_alone_and_ends_in_peace() -> None:
    [document] = yaml_of(DEPLOY / "docker/compose.yaml")
    daemon = document["services"]["whalebot"]
    assert daemon["read_only"] is True
    assert daemon["init"] is True
    assert daemon["cap_drop"] == ["ALL"]
    assert daemon["volumes"] == ["data:/data"]
    assert daemon["stop_grace_period"] == "60s"
    assert "deploy" not in daemon, "a daemon is never scaled"
    for name, service in document["services"].items():
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), f"{name} would be open to the network"
        assert (name == "whalebot") == ("profiles" not in service)
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert not source.startswith("..") or (DEPLOY / "docker" / source).exists(), source


def test_what_the_composed_daemon_is_given_is_empty_here() -> None:
    lines = (DEPLOY / "docker/.env.example").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("#") or line.endswith("=") for line in lines)


def kinds() -> dict[str, dict[str, Any]]:
    return {document["kind"]: document for document in yaml_of(DEPLOY / "kubernetes/whalebot.yaml")}


def test_kubernetes_runs_one_daemon_and_no_more() -> None:
    found = kinds()
    assert set(found) == {
        *("StatefulSet", "ConfigMap", "Service", "NetworkPolicy"),
        *("ServiceAccount", "Role", "RoleBinding"),
    }
    spec = found["StatefulSet"]["spec"]
    assert spec["replicas"] == 1
    [claim] = spec["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"] == labels
    assert found["Service"]["spec"]["selector"] == labels
    assert found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels


def test_the_pod_is_shut_in_and_has_a_minute_to_end() -> None:
    pod = kinds()["StatefulSet"]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 60
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == USER
    [container] = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["requests"] == {"memory": "256Mi", "cpu": "200m"}
    assert container["resources"]["limits"] == {"memory": "1Gi", "cpu": "1"}
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    given = {volume["name"] for volume in pod["volumes"]} | {"data"}
    assert mounted == given


def test_the_pod_may_ask_the_cluster_for_its_lease_and_nothing_else() -> None:
    found = kinds()
    lease = json.loads(found["ConfigMap"]["data"]["config.json"])["lease"]
    assert lease["kind"] == "kubernetes"
    for_leases = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]}
    assert found["Role"]["rules"] == [
        {**for_leases, "resourceNames": [lease["name"]], "verbs": ["get", "update"]},
        {**for_leases, "verbs": ["create"]},
    ]
    account = found["ServiceAccount"]["metadata"]["name"]
    assert found["RoleBinding"]["subjects"] == [{"kind": "ServiceAccount", "name": account}]
    assert found["RoleBinding"]["roleRef"]["name"] == found["Role"]["metadata"]["name"]
    pod = found["StatefulSet"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == account
    assert pod["automountServiceAccountToken"] is True
    ports = [p["port"] for rule in found["NetworkPolicy"]["spec"]["egress"] for p in rule["ports"]]
    assert {443, 6443} <= set(ports)


def test_the_pods_commands_exist_and_speak_of_one_folder() -> None:
    [container] = kinds()["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    folder = parsed(container["args"]).dir
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        command = container[name]["exec"]["command"]
        given = parsed(command[1:])
        assert given.dir == folder
        assert given.check == ("ready" if name == "readinessProbe" else "alive")
        assert container[name]["timeoutSeconds"] >= 10
    assert (
        container["startupProbe"]["failureThreshold"] * container["startupProbe"]["periodSeconds"] >= 86_400
    )


def test_the_shipped_configuration_is_one_and_holds_no_secret() -> None:
    found = kinds()
    config = json.loads(found["ConfigMap"]["data"]["config.json"])
    known = json.loads(default_text())
    assert config["mode"] == "demo"
    for name, value in config.items():
        assert name in known
        if isinstance(value, dict):
            assert value.keys() <= known[name].keys()
    assert config["web"]["token"] == "${WEB_TOKEN}"
    [container] = found["StatefulSet"]["spec"]["template"]["spec"]["containers"]
    assert container["envFrom"] == [{"secretRef": {"name": "whalebot"}}]
