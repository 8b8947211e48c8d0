"""`ablate train`: one run in Hydra's output folder, or a study with `-m`; also the start of `ablate plan`."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import hydra
from filelock import Timeout
from hydra._internal.utils import get_args_parser  # not public; the parser of hydra.main, for its flags
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from ablate.commands.exit_status import explain
from ablate.commands.flags import refuse_unknown, see_help
from ablate.config import CONF, register
from ablate.config.quoting import refuse_undecodable
from ablate.files.lock import exclusive, lock
from ablate.runs import finished, resolved_config
from ablate.runs.config_hash import config_sha256
from ablate.runs.statuses import FINISHED
from ablate.study.status import recorded_state
from ablate.terminal.errors import InputError
from ablate.training.run import run

FLAGS = {"--extend": "study.extend=true", "--retrain": "study.retrain=true"}
NOT_OFFERED = ("--experimental-rerun",)  # of Hydra's flags: it unpickles a file
register()


class KeepFinished(Callback):
    """Hydra callback: refuse to start in the folder of a finished run, before Hydra writes its files there."""

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        """Print why and exit with status 2; Hydra turns any other error into a warning."""
        try:
            finished.refuse(Path(config.hydra.run.dir))
        except Exception as error:
            raise SystemExit(explain(error)) from None


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")
def task(config: DictConfig) -> float | None:
    """Train one run in Hydra's output folder. Return its validation accuracy, which a search maximizes."""
    folder = Path(HydraConfig.get().runtime.output_dir)
    try:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            return share(config, folder)
        with exclusive(folder):
            return run(config, folder).val_accuracy
    except Exception as error:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            raise  # the sweeper reads it from the job's return value and continues
        raise SystemExit(explain(error)) from None
    except SystemExit as leaving:  # a part that ends the process would end the other runs too
        raise RuntimeError(f"a part of the run called sys.exit({leaving.code})") from leaving


def share(config: DictConfig, folder: Path) -> float | None:
    """Train a run of a study, unless another process trains it or has finished it since this study was started."""
    try:
        with lock(folder):
            state = recorded_state(folder, config_sha256(config))
            if state.status not in FINISHED:
                return run(config, folder).val_accuracy
            resolved_config.write(folder, config)  # Hydra has written it again
            return state.val_accuracy
    except Timeout:
        return None


def main(words: Sequence[str], command: str = "ablate train") -> int:
    """`ablate train` with Hydra's command line; 0 when every planned run completed or diverged."""
    refuse_undecodable(words)
    words = [FLAGS.get(word, word) for word in words]
    # Hydra's parser takes no flag between two overrides.
    overrides = parsed(words, command).overrides
    sys.argv = [sys.argv[0], *(word for word in words if word not in overrides), *overrides]
    task()
    return 0


def parsed(words: Sequence[str], command: str, flags: Iterable[str] = ()) -> argparse.Namespace:
    """Parse the words with Hydra's parser.

    Args:
        words: the command line after the verb.
        command: name of the command, for messages.
        flags: flags of the command that are not Hydra's.

    Raises:
        InputError: a flag is unknown or abbreviated, or has an invalid value.
    """
    parser = get_args_parser()
    parser.allow_abbrev, parser.exit_on_error = False, False
    known = {flag for flag in parser._option_string_actions if flag not in NOT_OFFERED}
    refuse_unknown(command, words, {*known, *FLAGS, *flags})
    try:
        namespace, others = parser.parse_known_intermixed_args([word for word in words if word not in {*FLAGS, *flags}])
    except argparse.ArgumentError as error:
        raise InputError(f"{command}: {error}. {see_help(command)}") from None
    if others:
        raise InputError(f"{command}: {others[0]} is not valid: the option takes no value. {see_help(command)}")
    return namespace
