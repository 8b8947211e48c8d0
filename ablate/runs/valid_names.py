"""Names and folders in records, which may be from somebody else."""

from pathlib import PurePosixPath, PureWindowsPath


def is_name(text: str) -> bool:
    """True for printable text on one line."""
    return text.isprintable() and text != ""


def is_inside(folder: str) -> bool:
    """True for a relative path that does not leave the folder it is relative to."""
    if not is_name(folder):
        return False
    posix, windows = PurePosixPath(folder), PureWindowsPath(folder)  # a study may have been made on either
    absolute = posix.is_absolute() or windows.anchor
    return posix.parts != () and not (absolute or ".." in {*posix.parts, *windows.parts})
