"""The files for Kubernetes and systemd hold against their own validators, and name only what Paidan has."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from streams.bridge.role import ends
from streams.cli.main import COMMANDS
from streams.kafka.connection import Connection
from streams.kafka.topics import Names
from streams.settings import Settings, load_settings
from tests.conftest import REPOSITORY
from tests.support.cities import tiny_city

DEPLOY = REPOSITORY / "deploy"
UNITS = DEPLOY / "systemd"
Manifest = dict[str, Any]
MANIFESTS: list[Manifest] = [
    manifest
    for file in sorted((DEPLOY / "kubernetes").rglob("*.yaml"))
    if file.name != "kustomization.yaml"
    for manifest in yaml.safe_load_all(file.read_text(encoding="utf-8"))
]


def _of_kind(kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in MANIFESTS if each["kind"] == kind}


def _called(manifest: Manifest) -> str:
    return f"{manifest['kind']}-{manifest['metadata']['name']}"


SCALED = list(_of_kind("ScaledObject").values())
DEPLOYMENTS = _of_kind("Deployment")
FILES = sorted(file for file in DEPLOY.rglob("*") if file.is_file())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_setting_exists(file: Path) -> None:
    """A role refuses to start with one that does not."""
    known = {f"PAIDAN_{name.upper()}" for name in Settings.model_fields}

    assert set(re.findall(r"PAIDAN_[A-Z_]+", file.read_text(encoding="utf-8"))) - known == set()


@pytest.mark.parametrize("manifest", [each for each in MANIFESTS if each not in SCALED], ids=_called)
def test_a_manifest_is_one_of_kubernetes(manifest: Manifest) -> None:
    """By the schemas of the API, with nothing that these do not know."""
    kubernetes_validate.validate(manifest, "1.31", strict=True)


@pytest.mark.parametrize(
    "file", sorted((DEPLOY / "kubernetes").rglob("kustomization.yaml")), ids=lambda f: f.parent.name
)
def test_each_folder_of_manifests_is_taken_in_whole(file: Path) -> None:
    """What a kustomization names is there, what is there it names, and of the kinds that kustomize knows it is one."""
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    containers = [
        container
        for name in told["resources"]
        for each in yaml.safe_load_all((file.parent / name).read_text(encoding="utf-8"))
        for container in each.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ())
    ]

    assert (told["apiVersion"], told["kind"]) in {
        ("kustomize.config.k8s.io/v1beta1", "Kustomization"),
        ("kustomize.config.k8s.io/v1alpha1", "Component"),
    }
    assert sorted(told["resources"]) == sorted(each.name for each in file.parent.glob("*.yaml") if each != file)
    assert {each["image"].partition(":")[0] for each in containers} <= {"paidan"}


@pytest.mark.parametrize("manifest", [each for each in MANIFESTS if each["kind"] in ("Deployment", "Job")], ids=_called)
def test_no_service_makes_settings(manifest: Manifest) -> None:
    """Kubernetes tells a pod of each service by variables: `PAIDAN_GATEWAY_PORT=tcp://…` of `paidan-gateway`."""
    assert manifest["spec"]["template"]["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("role", ["intake", "desk", "tables", "gateway", "notify", "bridge"])
def test_a_role_runs_is_watched_and_is_not_drained_all_at_once(role: str) -> None:
    """Its command exists, its probes ask its own port, and of its processes one at a time may be taken away."""
    [container] = DEPLOYMENTS[role]["spec"]["template"]["spec"]["containers"]
    budget = _of_kind("PodDisruptionBudget")[role]

    assert container["args"] == [role]
    assert role in COMMANDS
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "metrics"}
    assert {"name": "metrics", "containerPort": 9100} in container["ports"]
    assert budget["spec"]["selector"]["matchLabels"] == DEPLOYMENTS[role]["spec"]["selector"]["matchLabels"]


def test_the_bridge_knows_both_clusters() -> None:
    """Its own by the settings of all roles, the one above by those of the bridge; what is secret of that is a file that
    is mounted, and all that the settings need is there."""
    pod = DEPLOYMENTS["bridge"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    maps = [each["configMapRef"]["name"] for each in container["envFrom"] if "configMapRef" in each]
    given = {name: value for each in maps for name, value in _of_kind("ConfigMap")[each]["data"].items()}
    files = {each["mountPath"] for each in container["volumeMounts"] if each["name"] == "above"}

    _, above = ends(load_settings(**{_field(name): value for name, value in given.items()}), tiny_city())

    assert {str(Path(above.kafka_password_file).parent), str(Path(above.kafka_ca).parent)} == files
    assert Connection.of(above).protocol == "SASL_SSL"
    assert {"name": "above", "secret": {"secretName": "paidan-above"}} in pod["volumes"]


def _field(setting: str) -> str:
    return setting.removeprefix("PAIDAN_").lower()


@pytest.mark.parametrize("scaled", SCALED, ids=_called)
def test_roles_grow_with_what_waits_for_them(scaled: Manifest) -> None:
    """Each is scaled by the lag of its own group on topics that exist, up to the number of partitions."""
    names = Names("paidan")
    role = scaled["spec"]["scaleTargetRef"]["name"]
    waits = [trigger["metadata"] for trigger in scaled["spec"]["triggers"]]
    settings = _of_kind("ConfigMap")["paidan"]

    assert role in DEPLOYMENTS
    assert {each["consumerGroup"] for each in waits} == {names.group(role)}
    assert {each["topic"] for each in waits} <= {names.inbox, names.urgent, names.reports, names.detections}
    assert scaled["spec"]["maxReplicaCount"] == int(settings["data"]["PAIDAN_PARTITIONS"])


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze, which checks units, is not installed"
)
def test_the_units_are_units(tmp_path: Path) -> None:
    """By systemd's own check, for each role; the program is another one, as Paidan is not installed for all here."""
    unit = (UNITS / "paidan@.service").read_text(encoding="utf-8")
    assert "ExecStart=/opt/paidan/bin/paidan %i\n" in unit
    (tmp_path / "paidan@.service").write_text(unit.replace("/opt/paidan/bin/paidan", shutil.which("true") or ""))
    shutil.copy(UNITS / "paidan.target", tmp_path)
    units = [
        str(tmp_path / f"paidan@{role}.service") for role in ("intake", "desk", "tables", "gateway", "notify", "bridge")
    ]

    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units, str(tmp_path / "paidan.target")],
        capture_output=True,
        text=True,
    )

    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemctl") is None, reason="systemctl, which enables units, is not installed")
def test_the_units_that_the_page_enables_start_with_the_machine(tmp_path: Path) -> None:
    """A role is wanted by the target, and the target by the machine."""
    page = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
    [named] = re.findall(r"`systemctl enable --now ([^`]+)`", page)
    folder = tmp_path / "etc" / "systemd" / "system"
    shutil.copytree(UNITS, folder)

    subprocess.run(["systemctl", f"--root={tmp_path}", "enable", *named.split()], check=True, capture_output=True)

    assert [each.name for each in (folder / "multi-user.target.wants").iterdir()] == ["paidan.target"]
    assert sorted(each.name for each in (folder / "paidan.target.wants").iterdir()) == [
        f"paidan@{role}.service" for role in ("desk", "gateway", "intake", "tables")
    ]
