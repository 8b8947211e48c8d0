"""Names and folders in records, which may be from somebody else."""

from pathlib import PurePosixPath, PureWindowsPath


def is_name(text: str) -> bool:
    """True for text in one line, without what moves a terminal's cursor."""
    return text.isprintable() and text != ""


def is_inside(folder: str) -> bool:
    """True for the relative path of a folder that is below the one it is relative to."""
    if not is_name(folder):
        return False
    posix, windows = PurePosixPath(folder), PureWindowsPath(folder)  # a study may have been made on either
    absolute = posix.is_absolute() or windows.anchor
    return posix.parts != () and not (absolute or ".." in {*posix.parts, *windows.parts})
