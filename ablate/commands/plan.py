"""`ablate plan`: print the study that `ablate train -m` would run with the same arguments, without starting it.

The plan is printed by `ablate.study.status_table.preview`. With the folder of a study instead of arguments, also of one
of another app, the plan in that folder is printed.
"""

from collections.abc import Sequence
from pathlib import Path

from ablate.commands import train, train_flags
from ablate.commands.flags import Parser
from ablate.runs import study_plan
from ablate.terminal.errors import InputError

FLAGS = {"--probe": "hydra.sweeper.probe=true", "--power": "hydra.sweeper.power=true"}


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    if train_flags.parsed(arguments, "ablate plan", FLAGS).help:
        parser().print_help()
        return 0
    if folder := existing(arguments):
        return show(folder, arguments)
    overrides = [FLAGS.get(argument, argument) for argument in arguments]
    return train.main(["--multirun", *overrides, "hydra/sweeper=plan"], "ablate plan")


def parser() -> Parser:
    """The help of the command, whose flags are parsed together with those of `ablate train`."""
    flags = Parser(
        "ablate plan",
        usage="ablate plan [GROUP=OPTION] [KEY=VALUE] ... [OPTION] ...\n       ablate plan STUDY [--power]",
        description="Print what `ablate train -m` would run with the same arguments: variants, runs, what is already"
        " done, and a time estimate. Nothing is started. With STUDY, a study folder or its name in outputs/, print the"
        " plan of an existing study.",
        epilog="In a study in stages, 'hydra.sweeper.expect=[[-2,0.5]]' prints the expected number of runs if every"
        " variant differs from the baseline by -2 with an SD of 0.5; list one pair for all variants, or one for each."
        " `ablate train --help` lists groups and keys. Exit status: 0; 2 if the command is refused.",
    )
    flags.add_argument("--probe", action="store_true", help="time a few training steps of each variant")
    flags.add_argument("--power", action="store_true", help="print the differences that the study can detect")
    flags.add_argument("-m", "--multirun", action="store_true", help="accepted; a plan is always that of a study")
    flags.add_argument("--extend", action="store_true", help="add levels or seeds to an existing study")
    flags.add_argument("--retrain", action="store_true", help="plan to train finished runs with other settings again")
    flags.add_argument("-cd", "--config-dir", metavar="FOLDER", help="folder with your own config options")
    flags.add_argument("-cp", "--config-path", metavar="FOLDER", help="another folder of the main configuration")
    flags.add_argument("-cn", "--config-name", metavar="NAME", help="another main configuration")
    flags.add_argument("--hydra-help", action="store_true", help="print Hydra's help and exit")
    flags.add_argument("--version", action="store_true", help="print Hydra's version and exit")
    return flags


def existing(arguments: Sequence[str]) -> Path | None:
    """The study whose folder or name is the first argument that is neither a flag nor an override; None if none is."""
    named = (study_plan.find(Path(name)) for name in arguments if name[:1] != "-" and "=" not in name)
    return next((folder for folder in named if (folder / study_plan.FILE).is_file()), None)


def show(folder: Path, arguments: Sequence[str]) -> int:
    """Print the plan of an existing study."""
    from ablate.study.aliases import describe
    from ablate.study.status_table import table
    from ablate.terminal.console import Console

    others = [name for name in arguments if name != "--power" and study_plan.find(Path(name)) != folder]
    if others:
        raise InputError(f"ablate plan: {others[0]} does not apply to an existing study, {folder}. Remove one of them.")
    plan = study_plan.read(folder)
    Console().print(table(folder, plan))
    for line in describe(plan):
        print(line)
    if "--power" in arguments:
        from ablate.analysis.study_power import preview

        print(*preview(plan, folder), sep="\n")
    return 0
