"""`ablate plan`: print the study that `ablate train -m` would run with the same arguments, without starting it.

The plan is printed by `ablate.study.status_table.preview`.
"""

from collections.abc import Sequence

from ablate.commands import train, train_flags

FLAGS = {"--probe": "hydra.sweeper.probe=true", "--power": "hydra.sweeper.power=true"}


def main(words: Sequence[str]) -> int:
    """Run the command line."""
    train_flags.parsed(words, "ablate plan", FLAGS)
    return train.main(["--multirun", *(FLAGS.get(word, word) for word in words), "hydra/sweeper=plan"], "ablate plan")
