"""`metrics.csv`: one row per epoch, which may be read while it is written.

`train_loss` is what training minimizes. `train_cross_entropy` is the same function as `val_loss`: the mean
cross-entropy with one class per image. The two differ with label smoothing, another loss, or mixed images.
"""

from pathlib import Path

from ablate.files import bounded

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
LARGEST = 64 * bounded.MIB  # bytes: an epoch has 150


def read(path: Path) -> list[Row]:
    """The complete rows of a metrics.csv, one per epoch, by column; empty if there is no readable file.

    Stops at the first row that is incomplete or not numeric. InputError for a file larger than `LARGEST`.
    """
    try:
        lines = bounded.contents(path, LARGEST).decode(errors="replace").splitlines(keepends=True)
    except OSError:
        return []
    header, rows = lines[0].strip().split(",") if lines else [], []
    for line in lines[1:]:
        fields = line.strip().split(",")
        if not line.endswith("\n") or len(fields) != len(header):
            break
        try:
            rows.append(dict(zip(header, (float(field or "nan") for field in fields), strict=True)))
        except ValueError:
            break
    return rows
