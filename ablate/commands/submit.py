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
from ablate.course.contents import MB, Contents, Options, gather
from ablate.files import atomic
from ablate.runs import study_plan
from ablate.terminal.errors import InputError

ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
LONGEST = 2000  # characters of a link
LAST_WORDS = 60  # of the error of a process that failed


def main(words: Sequence[str]) -> int:
    """The verb's command line."""
    args = _parser().parse_args(words)
    student = check_id(args.id)
    limits = rules.read(args.submission, student)
    link = args.link and check_link(args.link)
    atomic.check_writable(args.output)
    contents = gather(
        study_plan.find(args.study),
        limits,
        Options(student, args.report, args.notebook, link, args.data_root, args.trust),
    )
    path = args.output / limits.archive
    content = archive.pack(contents.members)
    if len(content) > limits.max_archive_mb * MB:
        raise InputError(
            f"{path} would have {len(content) / MB:.1f} MB, more than the {limits.max_archive_mb:g} MB that may be"
            f" handed in; its largest part is {max(contents.summary, key=lambda name: contents.summary[name][0])}."
            " It was not written."
        )
    _print(contents)
    print("Unpacked in a fresh folder, a fresh process with this code alone:", flush=True)
    failures = check(content, limits.code, contents)
    if failures:
        print("\n".join([*failures, f"{path} was not written."]), file=sys.stderr)
        return 1
    atomic.write_bytes(path, content)
    print(f"{path}: {_size(len(content))} of at most {limits.max_archive_mb:g} MB")
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


def check(content: bytes, code: str, contents: Contents) -> list[str]:
    """What is wrong with an archive, a sentence each; what its weights are found to have is printed."""
    failures = [f"{name} names a home folder: take it out." for name in contents.naming_homes()]
    with tempfile.TemporaryDirectory(prefix="ablate-") as fresh:
        archive.unpack(content, Path(fresh))
        if "model.pt" not in contents.members:  # as whoever follows the link does
            shutil.copyfile(contents.weights, Path(fresh, "model.pt"))
        process = isolated.ablate(Path(fresh, code), ["verify", fresh, *contents.words])
    lines = process.stdout.replace(fresh, "the archive").splitlines()
    print("".join(f"  {line}\n" for line in lines), end="")
    if process.returncode:
        error = " ".join(process.stderr.replace(fresh, "the archive").split()[-LAST_WORDS:])
        failures += [f"The archive does not hold what it states: {line}" for line in ([error] if error else lines)]
    return failures


def _print(contents: Contents) -> None:
    """What is in the archive, and what was found of it."""
    width = max(map(len, contents.summary))
    for name, (size, note) in contents.summary.items():
        print(f"  {name:<{width}}  {_size(size):>9}  {note}".rstrip())


def _size(count: int) -> str:
    if count >= MB:
        return f"{count / MB:.1f} MB"
    return f"{count / 1000:.1f} kB" if count >= 1000 else f"{count} B"
