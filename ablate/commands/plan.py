"""`ablate plan`: print the study that `ablate train -m` would run with the same arguments, without starting it.

The plan is printed by `ablate.study.status_table.preview`. With the folder of a study instead of arguments, also of one
of another app, the plan in that folder is printed.
"""

from collections.abc import Sequence
from pathlib import Path

from ablate.commands import train, train_flags
from ablate.runs import study_plan
from ablate.terminal.errors import InputError

FLAGS = {"--probe": "hydra.sweeper.probe=true", "--power": "hydra.sweeper.power=true"}


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    if folder := existing(arguments):
        return show(folder, arguments)
    train_flags.parsed(arguments, "ablate plan", FLAGS)
    overrides = [FLAGS.get(argument, argument) for argument in arguments]
    return train.main(["--multirun", *overrides, "hydra/sweeper=plan"], "ablate plan")


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
