"""`metrics.csv`: one row per epoch, which may be read while it is written.

`train_loss` is what training minimizes. `train_cross_entropy` is the same function as `val_loss`: the mean
cross-entropy with one class per image. The two differ with label smoothing, another loss, or mixed images.
"""

from array import array
from pathlib import Path

from ablate.files import bounded
from ablate.terminal.errors import InputError

FILE = "metrics.csv"
COLUMNS = (
    "epoch",
    "step",
    "learning_rate",
    "train_loss",
    "train_accuracy",
    "val_loss",
    "val_accuracy",
    "seconds",
    "images_per_second",
    "train_cross_entropy",
)
Row = dict[str, float]
Table = dict[str, "array[float]"]
LARGEST = 16 * bounded.MIB  # bytes: an epoch has 150
LONGEST = 4 * bounded.KIB  # bytes of a line
MOST_COLUMNS = 64
MOST_ROWS = 100_000
SPARE = 16  # rows beyond those of the planned epochs, each twice: earlier versions could write an epoch again


def read(path: Path, planned: int | None = None) -> Table:
    """The complete rows of a metrics.csv, one per epoch, as one array per column; empty if there is no readable file.

    Stops at the first row that is incomplete or not numeric.

    Args:
        path: the file.
        planned: number of epochs in the run's record.

    Raises:
        InputError: the file is larger than `LARGEST`, or has more rows than twice the planned epochs.
    """
    most = MOST_ROWS if planned is None else min(MOST_ROWS, 2 * max(planned, 0) + SPARE)
    table: Table = {}
    try:
        for number, line in enumerate(bounded.lines(path, LARGEST, LONGEST)):
            fields = line.decode(errors="replace").strip().split(",")
            if not number:
                names = fields if len(set(fields)) == len(fields) <= MOST_COLUMNS else []
                table = {name: array("d") for name in names}
                continue
            if not line.endswith(b"\n") or len(fields) != len(table):
                break
            if number > most:
                raise InputError(f"{path} has more than {most:,} rows, more than the run's epochs. It was not read.")
            try:
                values = [float(field or "nan") for field in fields]
            except ValueError:
                break
            for column, value in zip(table.values(), values, strict=True):
                column.append(value)
    except OSError:
        return {}
    return table


def count(table: Table) -> int:
    """Number of rows."""
    return len(next(iter(table.values()), ()))


def done(folder: Path) -> int:
    """Number of complete rows in the metrics.csv of a run folder; 0 if it cannot be read."""
    try:
        return count(read(folder / FILE))
    except InputError:
        return 0
