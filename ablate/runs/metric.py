"""The metric of a study: what its variants are compared in, and how its values are printed.

Recorded values are raw (accuracies are fractions). Tables and figures print `scale` times the recorded value, followed
by `unit`; differences in percent are percentage points.
"""

import math
import re
from typing import Literal

from ablate.runs.json_file import Record
from ablate.runs.valid_names import is_name

Direction = Literal["max", "min"]
DEFAULT = "val_accuracy"
LARGEST = 1e100  # absolute value of a completed run; squares of more overflow, and such a run has diverged
MOST_SCALE = 1e12
# Words in names of which lower and higher values are better, where the user does not state the direction.
LOWER = {"loss", "losses", "lost", "error", "errors", "err", "nll", "ce", "crossentropy", "xent", "logloss", "ece",
         "brier", "mse", "rmse", "nrmse", "msle", "rmsle", "mae", "mape", "smape", "mase", "eer", "misclassification",
         "misclassified", "mistakes", "false", "fpr", "fnr", "perplexity", "ppl", "fid", "lpips", "wer", "cer", "ter",
         "per", "regret", "forgetting", "drop", "distance", "divergence", "kl", "kld", "deviance", "time", "runtime",
         "duration", "seconds", "ms", "latency", "bits", "bpd", "cost"}  # fmt: skip
HIGHER = {"accuracy", "acc", "f1", "auc", "auroc", "auprc", "precision", "recall", "reward", "return", "likelihood",
          "skill", "free", "reduction", "reduced", "improvement", "gain", "decrease", "saved", "speedup", "throughput",
          "efficiency", "success", "correct", "corrected", "correction", "detection", "detected"}  # fmt: skip
NEGATIONS = {"neg", "negative", "minus", "inverse"}
PREPOSITIONS = {"to", "at", "of", "in", "on", "by", "for", "with", "under", "over", "from", "after", "before", "until"}
# Phrases that are one word of `LOWER`, and the ends of words in camel case.
PHRASES = {"cross_entropy": "crossentropy", "negative_log_likelihood": "nll", "neg_log_likelihood": "nll",
           "false_negative": "false"}  # fmt: skip
CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
SHARES = {"accuracy", "f1", "auroc", "ece"}


class Metric(Record, frozen=True, kw_only=True):
    """A metric.

    Attributes:
        name: the key under which runs record it.
        direction: `max` if higher values are better, `min` if lower ones are.
        unit: printed after values; empty for a number without one.
        scale: factor from recorded to printed values.
        chance: recorded value of a model that has learned nothing, with which diverged runs are scored; None: unknown,
            or, for metrics of a classifier, derived from the number of classes (`at_chance`).
        margin: equivalence margin, in printed units; None: no equivalence test.
    """

    name: str = DEFAULT
    direction: Direction = "max"
    unit: str = "%"
    scale: float = 100
    chance: float | None = None
    margin: float | None = None

    def __post_init__(self) -> None:
        """Refuse names and units that cannot be printed, and invalid scales and margins."""
        if not is_name(self.name) or (self.unit and not is_name(self.unit)):
            raise ValueError(f"the metric {self.name!r:.80} or its unit {self.unit!r:.80} is not printable text")
        if not 1 / MOST_SCALE <= self.scale <= MOST_SCALE:
            raise ValueError(
                f"the scale of the metric is {self.scale:g}, but must be a number from {1 / MOST_SCALE:g} to"
                f" {MOST_SCALE:g}"
            )
        if self.margin is not None and not 0 < self.margin <= LARGEST:
            raise ValueError(f"the margin is {self.margin:g}, but must be a positive number")
        if self.chance is not None and not abs(self.chance) <= LARGEST:
            raise ValueError(f"the chance level of the metric is {self.chance:g}, but must be a number")

    @property
    def sign(self) -> int:
        """1 if higher values are better, else -1."""
        return 1 if self.direction == "max" else -1

    @property
    def assumed_direction(self) -> str:
        """A sentence on a direction that the user has not stated, without its full stop."""
        better = "lower" if self.direction == "min" else "higher"
        return f"Assumed from the name: {better} values of {self.name} are better"

    @property
    def label(self) -> str:
        """The name as text: `validation accuracy`, `validation macro-F1`; names of other apps unchanged."""
        return LABELS.get(self.name, self.name)

    @property
    def difference_unit(self) -> str:
        """The unit of differences: `points` for a metric in percent."""
        return "points" if self.unit == "%" else self.unit

    @property
    def is_share(self) -> bool:
        """Whether recorded values are known to be from 0 to 1. Other apps may record percents."""
        in_percent = self.unit == "%" and self.scale == 1
        return not in_percent and self.name in LABELS and re.split("[^a-z0-9]", self.name)[-1] in SHARES

    @property
    def largest_difference(self) -> float | None:
        """The difference of the worst and the best possible value in printed units; None if it is not known."""
        return self.scale if self.is_share else None

    @property
    def is_accuracy(self) -> bool:
        """Whether it is the share of evaluation images that are classified correctly."""
        return self.name == DEFAULT

    def text(self, value: float) -> str:
        """A recorded value as printed in messages: `71.2 %`, `0.341`."""
        shown = self.scale * value
        return f"{shown:.1f} %" if self.unit == "%" else f"{shown:.4g} {self.unit}".rstrip()

    def at_chance(self, classes: int | None) -> float | None:
        """The recorded value, on balanced classes, of a classifier that has learned nothing; None if unknown.

        It predicts the same class for all images; losses are those of equal probabilities.
        """
        if self.chance is not None or not classes:
            return self.chance
        return {
            "val_accuracy": 1 / classes,
            "val_balanced_accuracy": 1 / classes,
            "val_macro_f1": 2 / (classes * (classes + 1)),
            "val_worst_class_accuracy": 1.0 if classes == 1 else 0.0,
            "val_top5_accuracy": min(5 / classes, 1.0),
            "val_auroc": 0.5,
            "val_loss": math.log(classes),
            "val_nll": math.log(classes),
        }.get(self.name)


ACCURACY = Metric()  # validation accuracy in percent, the metric of studies that name none

# Metrics of this package's own runs. The first four are recorded; the others follow from the stored predictions.
LABELS = {
    "val_accuracy": "validation accuracy",
    "val_loss": "validation loss",
    "train_accuracy": "training accuracy",
    "train_loss": "training loss",
    "val_balanced_accuracy": "validation balanced accuracy",
    "val_macro_f1": "validation macro-F1",
    "val_worst_class_accuracy": "validation worst-class accuracy",
    "val_top5_accuracy": "validation top-5 accuracy",
    "val_nll": "validation NLL",
    "val_ece": "validation ECE",
    "val_auroc": "validation AUROC",
}


RECORDED = ("val_accuracy", "val_loss", "train_accuracy", "train_loss")
FROM_PREDICTIONS = frozenset(LABELS) - {*RECORDED}


def named(
    name: str,
    direction: Direction | None = None,
    unit: str | None = None,
    scale: float | None = None,
    chance: float | None = None,
    margin: float | None = None,
) -> Metric:
    """The metric of this name. Arguments that are None follow from the name.

    The direction is `direction_of` the name. Metrics of this package that are fractions are printed in percent; all
    others as they are recorded.
    """
    last = re.split(r"[^a-z0-9]+", name.lower())[-1]
    if unit is None:
        unit = "%" if name in LABELS and last in SHARES else ""
    if scale is None:
        scale = 100 if unit == "%" else 1
    return Metric(
        name=name,
        direction=direction or direction_of(name),
        unit=unit,
        scale=scale,
        chance=chance,
        margin=margin,
    )


def direction_of(name: str) -> Direction:
    """The direction of the last word that is in `LOWER` or `HIGHER`: `error_rate`, `loss_reduction`; else `max`.

    Words after a preposition count only if none before it does: `time_to_accuracy`, `number_of_errors`. The word after
    `per` does not count: `images_per_second`, `mean_per_class_error`. A negation before the word inverts: `neg_mse`.
    """
    text = re.sub(r"[^a-z0-9]+", "_", CAMEL_CASE.sub("_", name).lower())
    for phrase, word in PHRASES.items():
        text = text.replace(phrase, word)
    direction: Direction = "max"
    is_known = is_negated = False
    for whole in re.sub(r"(?<![^_])per_[^_]+", "", text).split("_"):
        word = whole if whole in HIGHER else whole.rstrip("0123456789")  # `loss1`, but not `f1`
        if word in PREPOSITIONS and is_known:
            break
        if word in LOWER or word in HIGHER:
            is_known, direction = True, "max" if (word in HIGHER) != is_negated else "min"
        is_negated ^= word in NEGATIONS
    return direction
