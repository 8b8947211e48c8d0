"""Each epoch's metrics, for the loggers and on the console."""

from collections.abc import Sequence
from dataclasses import dataclass

from ablate.logger import Logger, Row
from ablate.terminal import progress
from ablate.terminal.console import Console


@dataclass
class Reporter:
    """Report the metrics of each epoch to every logger and on the console, with an estimate of the time left."""

    loggers: Sequence[Logger]
    console: Console
    epochs: int

    def log(self, rows: Sequence[Row]) -> None:
        """Report the last of the epochs so far."""
        self.log_again(rows[-1:])
        self.console.print(progress.epoch_line(rows, self.epochs), soft_wrap=not self.console.is_terminal)

    def log_again(self, rows: Sequence[Row]) -> None:
        """Report epochs to the loggers only: of an interrupted run, when it is resumed."""
        for row in rows:
            for logger in self.loggers:
                logger.log(row)

    def close(self, result: Row | None) -> None:
        """Close the loggers with the row of the selected epoch, or None for an interrupted run."""
        for logger in self.loggers:
            logger.close(result)
