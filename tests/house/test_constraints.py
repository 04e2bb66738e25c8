"""The pins: every dependency has one, it fits the range that is asked for, and it is what this environment holds."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

EXACT = {
    "pyside6-essentials": "6.11.2",
    "shiboken6": "6.11.2",
    "pyside6-qtads": "5.1.1",
    "pyqtgraph": "0.14.0",
    "torch": "2.13.0",
}


@pytest.fixture(scope="module")
def pins(repository: Path) -> dict[str, Version]:
    """Version by canonical name, out of the constraints."""
    found: dict[str, Version] = {}
    for line in (repository / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, version = line.split("==")
            assert canonicalize_name(name) not in found, f"{name} is pinned twice"
            found[canonicalize_name(name)] = Version(version)
    return found


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, list[Requirement]]:
    """What pyproject.toml asks for, by extra; the core's under the empty name."""
    body = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    extras = {"": body["project"]["dependencies"], **body["project"]["optional-dependencies"]}
    extras["build"] = body["build-system"]["requires"]
    return {name: [Requirement(line) for line in lines] for name, lines in extras.items()}


def test_every_dependency_has_a_pin_that_fits(project: dict[str, list[Requirement]], pins: dict[str, Version]) -> None:
    for extra, requirements in project.items():
        for requirement in requirements:
            name = canonicalize_name(requirement.name)
            assert name in pins, f"{requirement} ({extra or 'core'}) has no line in packaging/constraints.txt"
            assert pins[name] in requirement.specifier, f"{name}=={pins[name]} is outside of {requirement}"


def test_the_versions_that_matter_are_exact(project: dict[str, list[Requirement]], pins: dict[str, Version]) -> None:
    asked = {canonicalize_name(item.name): str(item.specifier) for items in project.values() for item in items}
    for name, version in EXACT.items():
        assert str(pins[canonicalize_name(name)]) == version
        assert asked[canonicalize_name(name)] == f"=={version}"


def _installed(requirements: list[Requirement]) -> Iterator[tuple[str, Version]]:
    """Each installed distribution that these requirements reach, with its version."""
    waiting, seen = list(requirements), set()
    while waiting:
        requirement = waiting.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        applies = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in (*requirement.extras, "")
        )
        if key in seen or not applies:
            continue
        seen.add(key)
        try:
            found = distribution(requirement.name)
        except PackageNotFoundError:
            continue
        yield key[0], Version(found.version)
        for line in found.requires or ():
            child = Requirement(line)
            if child.marker is None or any(child.marker.evaluate({"extra": extra}) for extra in (*key[1], "")):
                child.marker = None
                waiting.append(child)


def test_this_environment_is_the_pinned_one(project: dict[str, list[Requirement]], pins: dict[str, Version]) -> None:
    found = dict(_installed([*project[""], *project["dev"]]))
    assert len(found) > 60
    unpinned = sorted(set(found) - set(pins))
    assert not unpinned, f"reached by the dependencies but not pinned: {unpinned}"
    other = {name: f"{version}, pinned {pins[name]}" for name, version in found.items() if version != pins[name]}
    assert not other, f"installed in another version than the tested one: {other}"
