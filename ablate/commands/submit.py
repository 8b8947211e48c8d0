"""`ablate submit STUDY --id ID`: the archive to hand in, unpacked and verified before it is there."""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from ablate.course import archive, isolated, rules
from ablate.course.contents import MB, Contents, Given, gather
from ablate.files import atomic
from ablate.runs import record
from ablate.terminal.errors import InputError

ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
LONGEST = 2000  # characters of a link
TOLD = 60  # words of what a process said when it failed


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    given = _parser().parse_args(words)
    student = check_id(given.id)
    asked = rules.read(given.submission, student)
    link = given.link and check_link(given.link)
    atomic.check_writable(given.output)
    made = gather(
        record.find_study(given.study),
        asked,
        Given(student, given.report, given.notebook, link, given.data_root, given.trust),
    )
    path = given.output / asked.archive
    content = archive.pack(made.members)
    if len(content) > asked.max_archive_mb * MB:
        raise InputError(
            f"{path} would have {len(content) / MB:.1f} MB, more than the {asked.max_archive_mb:g} MB that may be"
            f" handed in; its largest part is {max(made.told, key=lambda name: made.told[name][0])}."
            " It was not written."
        )
    _print(made)
    print("Unpacked in a fresh folder, a fresh process with this code alone:", flush=True)
    failures = check(content, asked.code, made)
    if failures:
        print("\n".join([*failures, f"{path} was not written."]), file=sys.stderr)
        return 1
    atomic.write_bytes(path, content)
    print(f"{path}: {_size(len(content))} of at most {asked.max_archive_mb:g} MB")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "ablate submit",
        description="Build the archive to hand in: report, code, executed notebook, and the weights of the run chosen"
        " by validation accuracy. It is unpacked in a fresh folder, where a fresh process with the code in it alone"
        " must find the accuracy that is stated.",
        epilog="Exit status: 0, 1 if the archive fails its check (it is then not kept), 2 if a part cannot be used.",
    )
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of a study, or its name under outputs/")
    parser.add_argument("--id", required=True, help="student id, the name of the archive")
    parser.add_argument(
        "--submission", default="assignment", metavar="NAME_OR_FILE",
        help="names and limits: of conf/submission/, or a file like those (assignment)",
    )  # fmt: skip
    parser.add_argument("--report", type=Path, metavar="FILE", help="a PDF (STUDY/report/report.pdf)")
    parser.add_argument("--notebook", type=Path, metavar="FILE", help="executed (notebooks/assignment.ipynb)")
    parser.add_argument("--link", metavar="URL", help="where model.pt is, if it is too large to be handed in")
    parser.add_argument("--data-root", metavar="FOLDER", help="where the images are now, if the run had them elsewhere")
    parser.add_argument("--output", type=Path, default=Path(), metavar="FOLDER", help="where to put the archive (here)")
    parser.add_argument(
        "--trust", action="store_true", help="also run code of your own that the run's configuration names"
    )
    return parser


def check_id(student: str) -> str:
    """A student id that can be the name of a file; else InputError."""
    if not ID.fullmatch(student):
        raise InputError(
            f"--id {student[:80]!r} cannot be a file's name: give letters, digits, - _ and ., at most 64,"
            " the first no dot or hyphen."
        )
    return student


def check_link(link: str) -> str:
    """An address on the web; else InputError."""
    try:
        parts = urlsplit(link)
    except ValueError:
        parts = urlsplit("")
    written = link.isprintable() and not set(link) & set(' <>"`') and len(link) <= LONGEST
    if parts.scheme not in ("http", "https") or not parts.hostname or not written:
        raise InputError(f"--link {link[:80]!r} is no address on the web, such as https://example.org/model.pt.")
    return link


def check(content: bytes, code: str, made: Contents) -> list[str]:
    """What is wrong with an archive, a sentence each; what its weights are found to have is printed."""
    failures = [f"{name} names a home folder: take it out." for name in made.naming_homes()]
    with tempfile.TemporaryDirectory(prefix="ablate-") as fresh:
        archive.unpack(content, Path(fresh))
        if "model.pt" not in made.members:  # as whoever follows the link does
            shutil.copyfile(made.weights, Path(fresh, "model.pt"))
        ended = isolated.ablate(Path(fresh, code), ["verify", fresh, *made.words])
    found = ended.stdout.replace(fresh, "the archive").splitlines()
    print("".join(f"  {line}\n" for line in found), end="")
    if ended.returncode:
        said = " ".join(ended.stderr.replace(fresh, "the archive").split()[-TOLD:])
        failures += [f"The archive does not hold what it states: {line}" for line in ([said] if said else found)]
    return failures


def _print(made: Contents) -> None:
    """What is in the archive, and what was found of it."""
    width = max(map(len, made.told))
    for name, (size, found) in made.told.items():
        print(f"  {name:<{width}}  {_size(size):>9}  {found}".rstrip())


def _size(count: int) -> str:
    if count >= MB:
        return f"{count / MB:.1f} MB"
    return f"{count / 1000:.1f} kB" if count >= 1000 else f"{count} B"
