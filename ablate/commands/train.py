"""`ablate train`: one run in Hydra's output folder, or a study with `-m`; also the start of `ablate plan`."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import hydra
from filelock import Timeout
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from ablate.commands.exit_status import explain
from ablate.commands.train_flags import hydra_arguments
from ablate.config import CONF, hydra_settings, register
from ablate.config.quoting import refuse_undecodable
from ablate.files.lock import TrainedElsewhere, exclusive, lock
from ablate.runs import finished, resolved_config
from ablate.runs.config_hash import config_sha256
from ablate.runs.run_record import RunRecord
from ablate.runs.statuses import RECORDED_END
from ablate.study.resuming import resuming
from ablate.study.status import recorded_state
from ablate.terminal import streams
from ablate.terminal.errors import InputError
from ablate.training.devices.torchrun import ranks_of_environment, with_devices
from ablate.training.run import run

register()


class KeepFinished(Callback):
    """Hydra callback, called before Hydra writes a file or starts a sweeper.

    Refuses settings of Hydra that are not honored, and runs in the folder of a finished run. Prints the reason and
    exits with status 2, because Hydra turns any other exception into a warning.
    """

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        """Check a single run."""
        with refused():
            hydra_settings.check(config.hydra)
            if flags := [f"--{name}" for name in ("extend", "retrain") if config.study[name]]:
                raise InputError(f"{flags[0]} applies only to a study. Add -m, or remove it.")
            folder = Path(config.hydra.run.dir)
            finished.refuse(folder)
            with suppress(OmegaConfBaseException):  # a value that is only known in the run, which checks again
                finished.refuse_other(folder, partial(config_sha256, config))

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Check a study."""
        with refused():
            hydra_settings.check(config.hydra)


@contextmanager
def refused() -> Iterator[None]:
    """Print the message of an exception in the block, and exit."""
    try:
        yield
    except Exception as error:
        raise SystemExit(explain(error)) from None


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")
def task(config: DictConfig) -> float | None:
    """Train one run in Hydra's output folder. Return its metric (`study.metric`)."""
    streams.make_lossy()
    folder = Path(HydraConfig.get().runtime.output_dir)
    try:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            return share(config, folder)
        settings: Any = HydraConfig.get()
        hydra_settings.check(settings)  # again, since the callback may have been removed
        with exclusive(folder):
            return value(run(config, folder), config)
    except KeyboardInterrupt:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            raise
        whole: Any = HydraConfig.instance().cfg
        raise KeyboardInterrupt(resuming(whole, "hydra.run.dir")) from None
    except Exception as error:
        if HydraConfig.get().mode == RunMode.MULTIRUN:
            raise  # the sweeper reads it from the job's return value and continues
        raise SystemExit(explain(error)) from None
    except SystemExit as leaving:  # a part that ends the process would end the other runs too
        raise RuntimeError(f"a part of the run called sys.exit({leaving.code})") from leaving


def share(config: DictConfig, folder: Path) -> float | None:
    """Train a run of a study, unless another process has finished it since this study was started.

    Raises:
        TrainedElsewhere: another process trains it.
    """
    try:
        with lock(folder):
            state = recorded_state(folder, config_sha256(config))
            if state.status not in RECORDED_END:
                return value(run(config, folder), config)
            resolved_config.write(folder, config)  # Hydra has written it again
            return value(state.record, config)
    except Timeout:
        raise TrainedElsewhere("Another process is training this run.") from None


def value(record: RunRecord | None, config: DictConfig) -> float | None:
    """The metric of a run that a study compares; None if the run has none."""
    return ((record.metrics if record else None) or {}).get(config.study.metric)


def main(words: Sequence[str], command: str = "ablate train") -> int:
    """`ablate train` with Hydra's command line; 0 when every planned run completed or diverged."""
    refuse_undecodable(words)
    if command == "ablate train" and (ranks := ranks_of_environment()):
        words = with_devices(words, ranks.size)
        if ranks.rank:
            from ablate.training.devices.worker import train_with_torchrun  # imports PyTorch

            return train_with_torchrun(ranks)
    sys.argv = [sys.argv[0], *hydra_arguments(words, command)]
    task()
    return 0
