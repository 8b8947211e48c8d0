"""Which cached file holds the pixels of a listing of image files."""

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import PIL

from ablate.data.cached_array import write
from ablate.data.decode import digest
from ablate.data.parallel import map_files

_FORMAT = 2  # increased when `decode` returns other pixels for the same file, or the cache has another layout


@dataclass(frozen=True)
class File:
    """An image file, and what reveals a change of it without reading it.

    Attributes:
        name: path relative to the root, with / between its parts.
        size: in bytes.
        modified_ns: time of the last change of the content.
        changed_ns: time of the last change of the inode, which an edit sets even if it restores the time above.
    """

    name: str
    size: int
    modified_ns: int
    changed_ns: int


@dataclass(frozen=True)
class Entry:
    """Images in the cache, of one listing of files in one form (`32`: squares of 32 pixels).

    Attributes:
        folder: of the cache.
        paths: the image files.
        form: what the pixels depend on besides the files.
        listing: hash of the names, sizes and times of the files.
    """

    folder: Path
    paths: list[str]
    form: str
    listing: str

    def file(self, key: str | None) -> Path:
        """The file of the pixels whose content has this key; any key with *."""
        return self.folder / f"{len(self.paths)}x{self.form.replace(' ', '')}-{key}.npy"

    def stored_key(self) -> str | None:
        """The key that was stored for this listing; None if there is none, or it is damaged."""
        try:
            text = self._key_file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        return text if re.fullmatch("[0-9a-f]{64}", text) else None

    def key(self) -> str | None:
        """The key of the content: the stored one, or computed if the cache may have the pixels; else None."""
        key = self.stored_key()
        if key is None and any(self.folder.glob(self.file("*").name)):  # a copy of this folder may have been decoded
            key = content_key(map_files(digest, self.paths, "Reading images"), self.form)
        return key

    def store_key(self, key: str) -> None:
        """Store the key of the content for this listing, unless it is there."""
        if key != self.stored_key():
            write(self._key_file, lambda file: file.write(key.encode()))

    @property
    def _key_file(self) -> Path:
        return self.folder / f"{self.listing}.key"


def cache_folder() -> Path:
    """The folder of the cache."""
    return Path(os.environ.get("ABLATE_CACHE") or "~/.cache/ablate/images").expanduser()


def entry(root: Path, files: list[File], form: str) -> Entry:
    """The cached images of these files, whose names are relative to `root`, in this form."""
    return Entry(cache_folder(), [os.path.join(root, file.name) for file in files], form, _listing(root, files, form))


def _recipe(form: str) -> str:
    return f"ablate {_FORMAT}, pillow {PIL.__version__}, {form}\n"


def _listing(root: Path, files: list[File], form: str) -> str:
    sha256 = hashlib.sha256(_recipe(form).encode() + os.fsencode(root.resolve()))
    for file in files:
        sha256.update(os.fsencode(f"\0{file.name}\0{file.size} {file.modified_ns} {file.changed_ns}"))
    return sha256.hexdigest()


def content_key(digests: Iterable[str], form: str) -> str:
    """Hash the digests of files, and the form in which their images are cached."""
    return hashlib.sha256((_recipe(form) + "\n".join(digests)).encode()).hexdigest()
