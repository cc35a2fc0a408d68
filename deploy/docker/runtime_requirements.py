"""Print what the services and the gateway need from others, pinned as requirements.lock has it.

    python deploy/docker/runtime_requirements.py > runtime.txt
    uv pip install --require-hashes -c requirements.lock -r runtime.txt

The lock also holds the test tools and the embedded stack. An image that is open to the world carries neither,
and every package that it does carry is checked against the lock's hashes.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = ("contracts", "chassis", "gateway", "services/*")
NAME = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?P<extras>\[[^\]]*\])?")


def locked_versions(lock: str) -> dict[str, str]:
    """{name: version} of every package in the text of a requirements file."""
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", lock, re.MULTILINE))


def runtime_requirements(root: Path) -> list[str]:
    """`name[extras]==version` of each direct dependency; KeyError names one that the lock lacks."""
    versions = locked_versions((root / "requirements.lock").read_text())
    found = set()
    for pattern in PROJECTS:
        for project in sorted(root.glob(f"{pattern}/pyproject.toml")):
            for wanted in tomllib.loads(project.read_text())["project"].get("dependencies", []):
                match = NAME.match(wanted)
                if match is None:
                    raise ValueError(f"{project}: cannot read the dependency {wanted!r}")
                name = re.sub(r"[-_.]+", "-", match["name"]).lower()
                if not name.startswith("lyceum-"):
                    found.add(f"{name}{match['extras'] or ''}=={versions[name]}")
    return sorted(found)


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in runtime_requirements(ROOT))
