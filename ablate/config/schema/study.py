"""Options of `study`."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, ClassVar, Optional

from ablate.config.field import value
from ablate.config.quoting import quoted, shell_word

MOST_BYTES = 120  # of a folder name in UTF-8; file systems allow 255


@dataclass
class StudySettings:
    """A study: its variants and its folder."""

    prefix: ClassVar[str] = "study"  # of its keys on the command line

    name: str = value("name of the study, and of its folder in outputs/")
    design: str = value(
        "how variants are chosen from all combinations of levels",
        choices=(
            "factorial",
            "one_at_a_time",
            "pairwise",
            "cumulative",
            "random",
            "fractional",
            "plackett_burman",
            "path",
        ),
    )
    resolution: Optional[int] = value("least resolution of the fractional design; null: 4", low=3, high=5)
    foldover: Optional[str] = value(
        "add the runs of a fraction with the other level of this factor, or of all factors (all)"
    )
    draws: Optional[int] = value("number of variants of the random design, including the baseline", low=1)
    draw_seed: int = value("seed of the random design", low=0, below=2**63)
    of: Optional[str] = value(
        "finished study or search (folder, or name in outputs/) whose best configuration is the baseline; the factors"
        " are what it changes"
    )
    block: Optional[str] = value("compare variants separately within each level of this factor, such as data")
    bundles: dict[str, dict[str, list[str]]] = value("factors whose levels are groups of overrides")
    stages: list[int] = value("numbers of seeds after which decided variants stop, such as [3,5,8]; []: no stages")
    tune: Any = value(
        "settings tuned for each variant, such as {optimizer.lr: [0.01,0.1]}, with a list or an interval per key"
    )
    tune_trials: Optional[int] = value("number of random settings per variant; null: all combinations", low=2)
    tune_seeds: list[int] = value("seeds of the tuning runs, apart from those of the study")
    exclude: list[dict[str, Any]] = value("variants to exclude: all that contain these levels, {factor: level, ...}")
    metric: str = value(
        "metric in which variants are compared: val_accuracy, val_loss, val_balanced_accuracy, val_macro_f1,"
        " val_worst_class_accuracy, val_auroc, val_top5_accuracy, val_nll, val_ece, train_accuracy or train_loss"
    )
    secondary: list[str] = value("further metrics, reported as exploratory")
    margin: Optional[float] = value(
        "equivalence margin in the metric's unit (percentage points of accuracies); null: no equivalence test", above=0
    )
    trial: Optional[int] = value("trial number of this run in a search (hydra/sweeper=optuna)", low=0)
    extend: bool = value("add levels or seeds to an existing study (--extend)")
    retrain: bool = value("move finished runs with other settings to .replaced/ and retrain them (--retrain)")

    def check(self) -> None:
        if not re.fullmatch(r"\w[\w.+=-]*", self.name) or len(self.name.encode()) > MOST_BYTES:
            near = re.sub(r"[^\w.+=-]+", "_", unicodedata.normalize("NFC", self.name)).lstrip(".+=-")
            near = near.encode()[:MOST_BYTES].decode(errors="ignore") or "name"
            raise ValueError(
                f"study.name={self.name} must be a folder name: letters, digits and . _ + = - without spaces, at most"
                f" {MOST_BYTES} bytes. Type {shell_word(f'study.name={quoted(near)}')}"
            )
        if (self.design == "random") != (self.draws is not None):
            raise ValueError(
                "study.draws=N, the number of variants, is required for study.design=random"
                " and invalid for other designs"
            )
