"""A run of the training loop on digits, with its rows."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from hydra import compose, initialize_config_dir

from ablate.config import CONF, register
from ablate.data.batches import resident
from ablate.data.prepare import prepare
from ablate.terminal.console import Console
from ablate.training import loop
from ablate.training.checkpoint import Checkpoint
from ablate.training.parts import build
from ablate.training.reporter import Reporter

register()
CPU = torch.device("cpu")


class Rows(list):
    """A logger that keeps its rows."""

    log = list.append

    def close(self) -> None: ...


def fit(*words: str, folder: Path | None = None, console: Console | None = None, precision: str = "fp32"):
    """Train with these words; with a folder, checkpoints are kept there."""
    common = ["data=digits", "data.train_limit=321", "trainer.epochs=2", "trainer.batch_size=32", "trainer.threads=1"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*common, *words])
    data = prepare(config.data)
    parts = build(config, data, CPU, precision)
    start = {name: value.clone() for name, value in parts.model.state_dict().items()}
    rows = Rows()
    console = console or Console(file=open("/dev/null", "w"))  # noqa: SIM115
    with TemporaryDirectory() as unkept:
        checkpoint, reporter = (
            Checkpoint(folder or Path(unkept), {}),
            Reporter([rows], console, config.trainer.epochs),
        )
        ended = loop.fit(parts, resident(data, CPU), config, reporter, checkpoint)
    return config, data, parts, start, rows, ended
