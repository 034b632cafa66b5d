"""`serve`: check everything, build the pages when they changed, then become the web server."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from keyportal.cli.console import EXIT_REFUSED, refusals_as_exit_codes, say
from keyportal.cli.ports import require_free_port
from keyportal.services import first_run
from keyportal.services.own_files import prepare_folder
from keyportal.services.start_up import open_portal, registry_from, require_redis
from keyportal.settings import ROOT, Settings, env_file, load_settings

_BUILD = ROOT / ".web" / "build" / "client"
_STAMP = ROOT / ".web" / "keyportal-build"
# What the pages are made of: a change in any of these wants a new build.
_SOURCES = ("keyportal", "assets", "rxconfig.py", "requirements.txt", "reflex.lock")


def serve(
    build_only: Annotated[bool, typer.Option("--build-only", help="Build the pages and stop.")] = False,
) -> None:
    """Start the portal. On a first start this writes .env and prints the set-up code."""
    if build_only:
        build_pages()
        return
    with refusals_as_exit_codes():
        settings = _prepare()
    build_pages()
    say(f"KeyPortal is starting on {settings.public_url}")
    _become_server(settings)


def build_pages() -> None:
    """Build the pages unless they are up to date. Prints the builder's output only if it fails."""
    if _is_built():
        # Nothing is written then: the folder may be one that can only be read.
        return
    with (ROOT / ".build.lock").open("w") as lock:
        # Two starts at once must not build into one folder.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_built():
            return
        _build()
        # Taken afterwards: a build may write the lock file of its packages.
        _STAMP.write_text(_fingerprint())


def _is_built() -> bool:
    return _BUILD.is_dir() and _STAMP.is_file() and _STAMP.read_text() == _fingerprint()


def _build() -> None:
    say("Building the pages. The first time takes half a minute.")
    command = [_script("reflex"), "export", "--frontend-only", "--no-zip"]
    with _lock_files_kept():
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=_building_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0 or not _BUILD.is_dir():
        say(_telling_lines(done.stdout.decode(errors="replace")))
        say("The pages could not be built. See the lines above.")
        raise typer.Exit(EXIT_REFUSED)


def _telling_lines(output: str) -> str:
    """Return the end of a builder's output without the package manager's own diary."""
    lines = [line for line in output.splitlines() if not line.startswith(("npm silly", "npm verbose"))]
    return "\n".join(lines[-60:])


def _prepare() -> Settings:
    """Return settings a portal has opened with, so that every refusal comes before anything listens."""
    settings = load_settings()
    # Before anything is written: a key in .env must not be the only trace of a start that failed.
    registry_from(settings)
    prepare_folder(settings)
    if first_run.ensure_encryption_key(settings, env_file()):
        say(f"A new encryption key is in {env_file().name}. Back it up: without it saved API keys are lost.")
    settings = load_settings()
    require_redis(settings)
    open_portal(settings).close()
    require_free_port(settings.host, settings.port)
    return settings


def _become_server(settings: Settings) -> None:
    # Replacing this process leaves one supervisor, so a signal reaches the server and nothing is orphaned.
    os.chdir(ROOT)
    command = [
        _script("granian"),
        *("--interface", "asgi", "--factory", "keyportal.keyportal:server"),
        *("--host", settings.host, "--port", str(settings.port), "--workers", "1"),
        *("--no-access-log", "--log-level", "warning", "--workers-kill-timeout", "10"),
    ]
    os.execve(command[0], command, {**_environment(), **_SERVING})


_FOR_BUILDING = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "PORT", "KEYPORTAL_PUBLIC_URL", "CI")
_ALL_FOR_BUILDING = ("LC_", "XDG_", "REFLEX_", "NODE_", "NPM_", "npm_", "SSL_", "http", "HTTP", "no_", "NO_")
_SERVING = {
    # Reflex reads these to serve the built pages itself; `reflex run --env prod` sets the same.
    "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
    "__REFLEX_SKIP_COMPILE": "true",
}


def _environment() -> dict[str, str]:
    return {**os.environ, "REFLEX_ENV_MODE": "prod", "PYTHONPATH": str(ROOT)}


def _building_environment() -> dict[str, str]:
    """Return what a build needs and nothing more: it runs other people's packages, and no key is theirs."""
    kept = {k: v for k, v in _environment().items() if k in _FOR_BUILDING or k.startswith(_ALL_FOR_BUILDING)}
    return {**kept, "KEYPORTAL_ENV_FILE": os.devnull}


@contextmanager
def _lock_files_kept() -> Iterator[None]:
    """Put back the package lock files where a build only wrote the same in another order."""
    before = {file: file.read_bytes() for file in (ROOT / "reflex.lock").glob("*.json")}
    yield
    for file, content in before.items():
        if file.is_file() and json.loads(file.read_bytes()) == json.loads(content):
            file.write_bytes(content)


def _script(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)


def _fingerprint() -> str:
    """Return a digest of everything the pages are built from, and of the Python that builds them."""
    digest = hashlib.sha256(sys.version.encode())
    for source in _SOURCES:
        path = ROOT / source
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()
