"""`ablate submit STUDY --id ID`: build the archive of a course submission, and verify it before it is written."""

import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

from ablate.commands.flags import Parser
from ablate.commands.submit import archive, isolated, rules
from ablate.commands.submit.contents import MB, Contents
from ablate.commands.submit.gather import Options, Selected, add_report, gather, select
from ablate.commands.submit.report import outdated
from ablate.files import atomic
from ablate.runs import study_plan
from ablate.terminal.errors import InputError

STUDENT_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
MAX_LINK_LENGTH = 2000
MAX_ERROR_WORDS = 60


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    args = _parser().parse_args(arguments)
    student = check_id(args.id)
    limits = rules.read(args.submission, student)
    link = args.link and check_link(args.link)
    atomic.check_writable(args.output)
    study = study_plan.find(args.study)
    selected = select(study)
    if args.report is None and not args.allow_generated_report:
        check_words(study)
    options = Options(
        student=student,
        notebook=args.notebook,
        link=link,
        data_root=args.data_root,
        trust=args.trust,
        allow_original_notebook=args.allow_original_notebook,
        allow_other_study=args.allow_other_study,
    )
    contents = gather(selected, limits, options)
    add_report(contents, args.report or current_report(selected), limits)
    path = args.output / limits.archive
    archive_bytes = archive.pack(contents.members)
    if len(archive_bytes) > limits.max_archive_mb * MB:
        raise InputError(
            f"{path} was not written: it would have {len(archive_bytes) / MB:.1f} MB, more than the limit of"
            f" {limits.max_archive_mb:g} MB. The largest part is"
            f" {max(contents.summary, key=lambda name: contents.summary[name][0])}."
        )
    _print_summary(contents)
    if "test.json" not in contents.members:
        print(f"The selected run has no test accuracy. `ablate test {study}` measures it.")
    print("Verifying the archive in a new folder and process, with only the code in the archive:", flush=True)
    failures = check(archive_bytes, limits.code, contents)
    if failures:
        print("\n".join([*failures, f"{path} was not written."]), file=sys.stderr)
        return 1
    atomic.write_bytes(path, archive_bytes)
    print(f"{path}: {_size(len(archive_bytes))} of at most {limits.max_archive_mb:g} MB")
    return 0


def check_words(study: Path) -> None:
    """Raise InputError if the author has written nothing in report.md."""
    from ablate.analysis.author import text

    if not text.read(study).has_words:
        raise InputError(
            f"{study / text.FILE} has no text of yours, so the report consists of generated text. Write your"
            " introduction, methods and discussion in it, or pass --allow-generated-report."
        )


def current_report(selected: Selected) -> Path:
    """The path of the report of a study. An outdated report is regenerated."""
    if reason := outdated(selected.study, selected.plan.runs, selected.states):
        from ablate.analysis.report.write import report

        print(f"{reason}: regenerating it.", flush=True)
        with redirect_stdout(StringIO()):  # its tables, as `ablate report` prints them
            report(selected.study)
    return selected.study / "report" / "report.pdf"


def _parser() -> Parser:
    parser = Parser(
        "ablate submit",
        description="Build the archive of a course submission: report, code, executed notebook, and the weights of the"
        " run selected by validation accuracy. Before the archive is written, a new process that uses only the code in"
        " it must reproduce the recorded accuracy.",
        epilog="Exit status: 0; 1 if the archive fails verification; 2 if a file is missing or invalid. Without status"
        " 0, no archive is written.",
    )
    parser.add_argument("study", type=Path, metavar="STUDY", help="study folder, or its name in outputs/")
    parser.add_argument("--id", required=True, help="student ID, the name of the archive")
    parser.add_argument(
        "--submission", default="assignment", metavar="NAME_OR_FILE",
        help="file names and limits: an option of conf/submission, or a YAML file of that form; default: assignment",
    )  # fmt: skip
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="report as PDF; default: STUDY/report/report.pdf, regenerated if outdated",
    )
    parser.add_argument(
        "--notebook", type=Path, metavar="FILE",
        help="executed notebook; default: Assignment_1.ipynb, its name in the archive, here or in notebooks/",
    )  # fmt: skip
    parser.add_argument("--link", metavar="URL", help="address of model.pt, if it is too large for the archive")
    parser.add_argument(
        "--allow-generated-report", action="store_true",
        help="accept a report.md without your own text, for example to try the command",
    )  # fmt: skip
    parser.add_argument(
        "--allow-original-notebook", action="store_true",
        help="accept the notebook of this package unchanged, if the course asks for it",
    )  # fmt: skip
    parser.add_argument(
        "--allow-other-study", action="store_true",
        help="accept a notebook about another study or data set, for example if it only explores the data",
    )  # fmt: skip
    parser.add_argument("--data-root", metavar="FOLDER", help="image folder, if it has moved since the run")
    parser.add_argument(
        "--output", type=Path, default=Path(), metavar="FOLDER", help="folder of the archive; default: ."
    )
    parser.add_argument(
        "--trust", action="store_true", help="run code outside this package that the run's configuration names"
    )
    return parser


def check_id(student: str) -> str:
    """Return the student ID if it is a valid file name; raise InputError otherwise."""
    if not STUDENT_ID.fullmatch(student):
        raise InputError(
            f"--id {student[:80]!r} is not valid: use 1 to 64 letters, digits, - _ and ., not starting with - or a dot."
        )
    return student


def check_link(link: str) -> str:
    """Return the link if it is a valid http(s) address; raise InputError otherwise."""
    try:
        parts = urlsplit(link)
    except ValueError:
        parts = urlsplit("")
    well_formed = link.isprintable() and not set(link) & set(' <>"`') and len(link) <= MAX_LINK_LENGTH
    if parts.scheme not in ("http", "https") or not parts.hostname or not well_formed:
        raise InputError(f"--link {link[:80]!r} is not a web address such as https://example.org/model.pt.")
    return link


def check(archive_bytes: bytes, code: str, contents: Contents) -> list[str]:
    """Check an archive with `ablate verify` in a new folder and process, and print its output.

    Args:
        archive_bytes: the bytes of the archive.
        code: the folder with the code in the archive.
        contents: the files of the archive.

    Returns:
        One message per failed check.
    """
    failures = [f"{name} contains the path of a home directory. Remove it." for name in contents.with_home_paths()]
    with tempfile.TemporaryDirectory(prefix="ablate-") as folder:
        archive.unpack(archive_bytes, Path(folder))
        if "model.pt" not in contents.members:  # stands for the download from the link
            shutil.copyfile(contents.weights, Path(folder, "model.pt"))
        process = isolated.ablate(Path(folder, code), ["verify", folder, *contents.verify_arguments])
    lines = process.stdout.replace(folder, "the archive").splitlines()
    print("".join(f"  {line}\n" for line in lines), end="")
    if process.returncode:
        error = " ".join(process.stderr.replace(folder, "the archive").split()[-MAX_ERROR_WORDS:])
        failures += [f"Verification failed: {line}" for line in ([error] if error else lines)]
    return failures


def _print_summary(contents: Contents) -> None:
    """Print one line per file or folder in the archive."""
    width = max(map(len, contents.summary))
    for name, (size, note) in contents.summary.items():
        print(f"  {name:<{width}}  {_size(size):>9}  {note}".rstrip())


def _size(count: int) -> str:
    if count >= MB:
        return f"{count / MB:.1f} MB"
    return f"{count / 1000:.1f} kB" if count >= 1000 else f"{count} B"
