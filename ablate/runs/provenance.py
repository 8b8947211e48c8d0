"""Provenance of a result: the code, its commit and changes, the packages and the hardware."""

import hashlib
import os
import platform
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ablate.files.python_files import python_files
from ablate.runs.record_parts import Environment, GitState
from ablate.terminal.errors import InputError

PACKAGE = Path(__file__).parents[1]
ROOT = PACKAGE.parent  # the folder that the package is imported from
CODE = ("ablate", "conf", "hydra_plugins")  # what of it a number may depend on
PACKAGES = ("torch", "torchvision", "timm", "numpy", "pillow", "hydra-ablate")  # and of what is installed
# Overrides the user's own settings of git: colors, prefixes, external programs.
PATCH = ("diff", "--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/")


@cache
def code_sha256() -> str:
    """SHA-256 of the source of the package, file names included, but for `analysis`, which never trains."""
    digest = hashlib.sha256()
    for path in python_files(PACKAGE):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith("analysis/"):
            digest.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def git() -> GitState | None:
    """Commit of the checkout with this package, and whether it has uncommitted changes; None outside a checkout."""
    try:
        _git("ls-files", "--error-unmatch", "__init__.py")  # not so a wheel below some other checkout
        changed = _git("status", "--porcelain", "--untracked-files=no") or _untracked()
        return GitState(commit=_git("rev-parse", "HEAD").decode().strip(), dirty=bool(changed))
    except (OSError, subprocess.CalledProcessError):
        return None


@cache
def git_state(folder: Path) -> GitState | None:
    """Commit of the checkout with an app's folder, and whether it has uncommitted changes; None outside a checkout."""
    try:
        changed = _git("status", "--porcelain", "--untracked-files=no", at=folder)
        return GitState(commit=_git("rev-parse", "HEAD", at=folder).decode().strip(), dirty=bool(changed))
    except (OSError, subprocess.CalledProcessError):
        return None


@cache
def patch() -> bytes:
    """The changes of this code since its commit, for `git apply`; empty without a checkout or without changes."""
    state = git()
    if state is None or not state.dirty:
        return b""
    new = [_git(*PATCH, "--no-index", "--", os.devnull, name, at=ROOT, status=1) for name in _untracked()]
    return _git(*PATCH, "HEAD", at=ROOT) + b"".join(new)


def _untracked() -> list[str]:
    """Files of the code that git does not track."""
    return os.fsdecode(_git("ls-files", "--others", "--exclude-standard", "-z", "--", *CODE, at=ROOT)).split("\0")[:-1]


def changed_since(commit: str) -> str:
    """git's summary of the changes of this code since a commit; empty if git does not know the commit."""
    try:
        stat = _git("diff", "--stat=200", _hexadecimal(commit), "--", *CODE, at=ROOT)
        new = "".join(f"\n {name} | new, not known to git" for name in _untracked())
    except (OSError, subprocess.CalledProcessError, InputError):
        return ""
    return (stat.decode(errors="replace").rstrip() + new).lstrip("\n")


def is_ancestor(commit: str) -> bool:
    """True if the current commit of this code is, or descends from, a commit."""
    try:
        _git("merge-base", "--is-ancestor", _hexadecimal(commit), "HEAD", at=ROOT)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


@contextmanager
def worktree(commit: str, patch: Path | None = None) -> Iterator[Path]:
    """A temporary checkout of a commit of this code, with a patch applied; gone after the block.

    Raises:
        InputError: this is no checkout, or does not have the commit; or the patch does not apply to it.
    """
    with tempfile.TemporaryDirectory(prefix="ablate-") as parent:
        folder = Path(parent, "code")
        try:
            _git("worktree", "add", "--detach", str(folder), _hexadecimal(commit), at=ROOT)
        except (OSError, subprocess.CalledProcessError):
            raise InputError(f"{ROOT} has no commit {commit}: fetch it with git, or leave out --from-commit.") from None
        try:
            if patch:
                _apply(patch.absolute(), folder)
            yield folder
        finally:
            _git("worktree", "remove", "--force", str(folder), at=ROOT)


def _apply(patch: Path, folder: Path) -> None:
    try:
        _git("apply", str(patch), at=folder)
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip()
        raise InputError(f"{patch} does not apply to the commit of its run: {reason}.") from None


def _hexadecimal(commit: str) -> str:
    if not re.fullmatch("[0-9a-f]{7,64}", commit):  # git takes other words for options
        raise InputError(f"{commit!r:.80} is not a commit.")
    return commit


def _git(*words: str, at: Path = PACKAGE, status: int = 0) -> bytes:
    """The output of a git command that ends with exit status 0, or with `status`."""
    # --no-optional-locks: a run must not stand in the way of the user's own git.
    process = subprocess.run(["git", "--no-optional-locks", *words], cwd=at, capture_output=True)
    if process.returncode not in (0, status):
        process.check_returncode()
    return process.stdout


def environment(device: str, precision: str, default_weights: str | None = None, devices: int = 1) -> Environment:
    """Versions and hardware that a result may depend on. No user names, no paths, no environment variables.

    Args:
        device: cpu, cuda or mps.
        precision: fp32 or bf16.
        default_weights: SHA-256 of the pretrained weights that a library provided.
        devices: of the run.
    """
    import torch

    versions: dict[str, Any] = {package.replace("-", "_"): installed(package) for package in PACKAGES}
    return Environment(
        python=platform.python_version(),
        **versions,
        platform=platform.platform(),
        cpu=cpu(),
        device=torch.cuda.get_device_name() if device == "cuda" else device,
        threads=torch.get_num_threads(),
        precision=precision,
        devices=devices if devices > 1 else None,
        default_weights=default_weights,
    )


@cache
def installed(package: str) -> str | None:
    """The version of a package; None if it is not installed, as this one in a plain checkout."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def cpu() -> str:
    """The name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):  # not Linux
        return platform.processor()
