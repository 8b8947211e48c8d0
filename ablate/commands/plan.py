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


def main(words: Sequence[str]) -> int:
    """Run the command line."""
    if folder := existing(words):
        return show(folder, words)
    train_flags.parsed(words, "ablate plan", FLAGS)
    return train.main(["--multirun", *(FLAGS.get(word, word) for word in words), "hydra/sweeper=plan"], "ablate plan")


def existing(words: Sequence[str]) -> Path | None:
    """The study whose folder or name is the first word that is neither a flag nor an override; None if none is."""
    named = (study_plan.find(Path(word)) for word in words if word[:1] != "-" and "=" not in word)
    return next((folder for folder in named if (folder / study_plan.FILE).is_file()), None)


def show(folder: Path, words: Sequence[str]) -> int:
    """Print the plan of an existing study."""
    from ablate.study.aliases import describe
    from ablate.study.status_table import table
    from ablate.terminal.console import Console

    others = [word for word in words if word != "--power" and study_plan.find(Path(word)) != folder]
    if others:
        raise InputError(f"ablate plan: {others[0]} does not apply to an existing study, {folder}. Remove one of them.")
    plan = study_plan.read(folder)
    Console().print(table(folder, plan))
    for line in describe(plan):
        print(line)
    if "--power" in words:
        from ablate.analysis.study_power import preview

        print(*preview(plan, folder), sep="\n")
    return 0
