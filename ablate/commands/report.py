"""`ablate report`: write the report of a study, of a table of runs, or of any Hydra multirun."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.commands.flags import Parser
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    from ablate.analysis.sources.any_source import Asked


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    args = parser().parse_args(arguments)

    from ablate.analysis.report.write import write_report  # imports pandas and matplotlib, which take a while
    from ablate.analysis.sources.any_source import results

    return write_report(results(args.sources[0], asked(args), *args.sources[1:]), args.allow_partial)


def parser() -> Parser:
    """The parser of the command line."""
    result = Parser(
        "ablate report",
        description="Write the tables, figures, report.pdf and report.html of a study to SOURCE/report/; those of"
        " results.csv to results/report/, those of the studies A and B to outputs/A+B/report/.",
        epilog="Exit status: 0; 1 if planned runs have no result; 2 if SOURCE cannot be read.",
    )
    result.add_argument(
        "sources",
        nargs="+",
        type=Path,
        metavar="SOURCE",
        help="study folder or its name in outputs/; a table of runs (CSV, Parquet, JSON lines); or the output folder of"
        " a Hydra multirun. Several studies are joined if their baselines and fixed settings agree",
    )
    result.add_argument(
        "--metric", metavar="NAME", help="column of the metric; of a study, a metric other than planned"
    )
    result.add_argument("--seed", metavar="KEY", help="column or key of the seed, by which runs are paired")
    result.add_argument(
        "--factors", type=names, metavar="A,B", help="columns of the factors; default: the columns that vary"
    )
    result.add_argument(
        "--baseline",
        type=baseline_levels,
        metavar="A=X,B=Y",
        help="levels of the baseline; default: the first; of a study, a baseline other than planned",
    )
    result.add_argument("--block", metavar="A", help="compare variants within each level of A, such as a data set")
    direction = result.add_mutually_exclusive_group()
    direction.add_argument("--minimize", action="store_const", const="min", dest="direction", help="lower is better")
    direction.add_argument("--maximize", action="store_const", const="max", dest="direction", help="higher is better")
    result.add_argument("--margin", type=float, metavar="X", help="equivalence margin in the metric's unit")
    result.add_argument("--unit", metavar="U", help="unit of the metric; with %% fractions are printed in percent")
    result.add_argument("--scale", type=float, metavar="X", help="factor from recorded to printed values")
    result.add_argument("--metrics", metavar="GLOB", help="files with metrics below each job of a multirun")
    result.add_argument("--best", action="store_true", help="of metrics.csv, the best epoch instead of the last")
    result.add_argument("--all-pairs", action="store_true", help="also compare every variant with every other one")
    result.add_argument(
        "--exclude-seed",
        type=int,
        action="append",
        metavar="K",
        help="leave a seed out of every comparison; needs --reason, is printed in the report and recorded; repeatable",
    )
    result.add_argument(
        "--reason",
        action="append",
        metavar="TEXT",
        help="why the seed is excluded: one for all, or one for each",
    )
    result.add_argument(
        "--allow-partial", action="store_true", help="exit with status 0 even if planned runs have no result"
    )
    return result


def names(text: str) -> list[str]:
    """Names that are separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def baseline_levels(text: str) -> dict[str, str]:
    """`--baseline` as a dict, such as `net=small,dropout=0`. A comma in a level stays part of it."""
    levels: dict[str, str] = {}
    last = ""
    for part in text.split(","):
        name, equals, level = part.partition("=")
        if equals and name.strip() in levels:
            raise argparse.ArgumentTypeError(f"{name.strip()} is named twice")
        if equals:
            last = name.strip()
            levels[last] = level.strip()
        elif last:
            levels[last] += f",{part}"
        else:
            raise argparse.ArgumentTypeError("expected FACTOR=LEVEL,FACTOR=LEVEL")
    return levels


def asked(args: argparse.Namespace) -> "Asked":
    """The options of the command line."""
    from ablate.analysis.sources.any_source import Asked

    if args.scale is not None and not args.scale > 0:
        raise InputError("--scale must be a positive number.")
    options = vars(args)
    keys = [name for name in Asked.__dataclass_fields__ if name in options]
    excluded = exclusions(args.exclude_seed or [], args.reason or [])
    return Asked(**{key: options[key] for key in keys}, files=args.metrics, excluded=excluded)


def exclusions(seeds: Sequence[int], reasons: Sequence[str]) -> dict[int, str]:
    """{seed: reason}. One reason for several seeds is that of each."""
    for seed in seeds:
        if seeds.count(seed) > 1:
            raise InputError(f"--exclude-seed {seed} is repeated. Remove one.")
    if len(reasons) == 1 and seeds:
        reasons = [*reasons] * len(seeds)
    if len(seeds) != len(reasons) or not all(reason.strip() for reason in reasons):
        raise InputError("--exclude-seed K needs --reason TEXT: one for all seeds, or one for each in the same order.")
    return dict(zip(seeds, reasons, strict=True))
