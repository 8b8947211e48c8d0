"""`ablate test RUN|STUDY... --on DATA`: evaluate runs on other test sets than their own, and on corrupted images."""

import argparse
from functools import partial
from pathlib import Path

from ablate.commands.tested_runs import to_test
from ablate.evaluation import other_test
from ablate.evaluation.other_test import OWN
from ablate.evaluation.test_set import new_look
from ablate.runs.other_test import NAME, file_name
from ablate.terminal.errors import InputError


def main(args: argparse.Namespace) -> int:
    """Run the command line, which has `--on` or `--corrupt`."""
    from ablate.data import corruptions
    from ablate.terminal import progress

    on = OWN if args.on is None else args.on
    kinds = corruptions.named([name.strip() for name in args.corrupt.split(",")]) if args.corrupt is not None else []
    if on == OWN and not kinds:
        raise InputError(
            "--on test needs --corrupt, such as --corrupt all. Leave --on out to test on the runs' own test set, or"
            " pass ./test for a folder of this name."
        )
    name = name_of(args.name, on, bool(kinds))
    chosen = to_test(args.folders, args.allow_partial, args.variants == "all", with_holes=True)
    runs = other_test.load(chosen.folders, args.trust, args.device, args.data_root)
    conditions = other_test.conditions(on, kinds, runs[0].inputs.classes)
    bar = partial(progress.track, title=f"testing on {name}", lines=True)
    results = other_test.evaluate(runs, conditions, name, on, new_look(), bar)

    from ablate.analysis.on_test_set import other_test_results  # pandas, for which --help does not wait

    print("\n".join(chosen.holes), end="\n" if chosen.holes else "")
    other_test_results.show(args.folders, chosen.studies, results)
    return 0


def name_of(name: str | None, on: str, is_corrupted: bool) -> str:
    """The name of the test set `on`: the one that was passed, or that of its folder.

    Raises:
        InputError: the passed one cannot be the name of a file.
    """
    if name is None:
        suffix = "-corrupted" if is_corrupted else ""
        return file_name((OWN if on == OWN else _base(Path(on).expanduser())) + suffix)
    if not NAME.fullmatch(name):
        raise InputError(
            f"--name {name!r:.80} cannot be the name of a file: it must have up to 64 letters, digits and . _ + -"
        )
    return name


def _base(path: Path) -> str:
    """The name of a folder or file, with that of the folder above it if it is only `test`."""
    path = path.resolve()
    return f"{path.parent.name}-{path.name}" if path.name == OWN else path.stem if path.is_file() else path.name


def refuse_name(name: str | None) -> None:
    """Raise InputError if a name was passed without a test set that it is for."""
    if name is not None:
        raise InputError("--name is for a test set of --on or --corrupt. Leave it out.")
