"""`study.json`: the plan of a study, its runs and where each is kept."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from ablate.files import bounded
from ablate.runs import json_file
from ablate.runs.json_file import Count, Record
from ablate.runs.metric import Metric
from ablate.runs.tuning import FOLDER as TUNING
from ablate.runs.tuning import TuningPlan
from ablate.runs.valid_names import is_inside, is_name
from ablate.terminal.errors import InputError
from ablate.terminal.text import did_you_mean, first_few

FILE = "study.json"
LARGEST = json_file.Limit(32 * bounded.MIB, 2**20)  # 60,000 runs; the largest study known has a thousand
MOST_RUNS = 60_000
BASELINE = "baseline"  # the variant with the first level of every factor
# Columns of a report for each run, next to its factors. A factor cannot have these names.
COLUMNS = ("study", "variant", "seed", "status", "val_accuracy", "val_loss", "train_accuracy", "train_loss", "epoch",
           "epochs", "seconds", "parameters", "macs", "classes", "folder", "error", "code_sha256", "commit",
           "rerun", "variant_label")  # fmt: skip
METRICS = ("val_accuracy", "val_loss", "train_accuracy", "train_loss", "epoch")  # of these columns


class PlannedRun(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A run of a study: its variant, the level of each factor, its seed, its folder below the study's."""

    variant: str
    factors: dict[str, str]
    seed: Count
    folder: str
    config_sha256: str
    settings_sha256: str | None = None  # of the configuration without the seed
    written_sha256: str | None = None  # of the configuration of another app, with interpolations as text

    def __post_init__(self) -> None:
        """Refuse a name that a terminal cannot print, and a folder that is not below the study's."""
        if not is_name(self.variant):
            raise ValueError(f"variant is {self.variant!r:.80}, but must be printable text in one line")
        if not is_inside(self.folder):
            raise ValueError(f"folder is {self.folder!r:.80}, expected a folder inside the study folder")


class MarginChange(Record, frozen=True, kw_only=True):
    """A change of the margin after the first result: its time, the two values, and the number of runs with a result."""

    time: str
    before: float | None
    after: float | None
    results: Count


class StudyPlan(Record, frozen=True, kw_only=True):
    """The content of study.json. The first level of each factor is the baseline's.

    Attributes:
        app: the script of another Hydra app that the runs are of; None: `ablate train`.
        metric: what variants are compared in, with the margin of equivalence.
        secondary: names of further metrics, which are reported as exploratory.
        stages: numbers of seeds after which decided variants stop, rising to that of all seeds; empty: no stages.
        block: the factor within each level of which variants are compared separately; None: no block.
        tuning: how the settings of each variant are tuned; None: they are not.
        settings: what the baseline is trained with, without the seed and the folder of the images.
        data_varies: whether the runs have different `data` settings, so that each variant has its own images.
        margin_changes: those made after the first result, the first one first.
    """

    schema: int = json_file.SCHEMA
    name: str
    app: str | None = None
    design: str | None = None
    metric: Metric = Metric()
    secondary: list[str] = msgspec.field(default_factory=list)
    baseline: dict[str, str]
    factors: dict[str, list[str]]
    seeds: list[Count]
    block: str | None = None
    stages: list[Count] = msgspec.field(default_factory=list)
    tuning: TuningPlan | None = None
    command: str
    runs: list[PlannedRun]
    settings: dict[str, Any] | None = None
    data_varies: bool | None = None
    margin_changes: list[MarginChange] = msgspec.field(default_factory=list)

    @property
    def margin(self) -> float | None:
        """The margin of equivalence in printed units; None: not asked."""
        return self.metric.margin

    def __post_init__(self) -> None:
        """Refuse names that are not printable or taken, and runs that are planned twice."""
        for key, text in (("name", self.name), ("design", self.design)):
            if text is not None and not is_name(text):
                raise ValueError(f"{key} is {text!r:.80}, but must be printable text in one line")
        check_names(self.factors, [self.metric.name, *self.secondary])
        for factor, level in self.baseline.items():
            if level not in self.factors.get(factor, ()):
                raise ValueError(
                    f"the baseline level {f'{factor}={level}'!r:.80} is not among the levels of its factor"
                )
        if self.block is not None and self.block not in self.factors:
            raise ValueError(f"the block {self.block!r:.80} is not a factor")
        if self.block is not None and self.stages:
            raise ValueError("stages and a block cannot be combined; remove one of them")
        if not self.runs:
            raise ValueError("it has no runs")
        check_stages(self.stages, len(set(self.seeds)))
        if self.stages and len({run.variant for run in self.runs}) < 2:
            raise ValueError("stages compare variants, and the study has one; add levels, or remove the stages")
        if self.stages and (unknown := {run.seed for run in self.runs}.difference(self.seeds)):
            raise ValueError(f"a run has the seed {min(unknown)}, which is not among the seeds of its stages")
        folders: set[str] = set()
        replicates: set[tuple[str, int]] = set()
        for run in self.runs:
            if run.folder in folders:
                raise ValueError(f"two runs have the folder {run.folder!r:.80}")
            if (run.variant, run.seed) in replicates:
                raise ValueError(f"two runs have variant {run.variant!r:.80} and seed {run.seed}")
            folders.add(run.folder)
            replicates.add((run.variant, run.seed))


def check_stages(stages: Sequence[int], seeds: int) -> None:
    """Raise ValueError if the stages do not rise from two or more seeds to all seeds of the study."""
    if not stages:
        return
    shown = f"stages=[{first_few(stages, 20)}]"
    if len(stages) < 2:
        raise ValueError(f"{shown} has one stage, which is a study without stages; name two or more, such as [3,5,8]")
    if stages[0] < 2:
        raise ValueError(f"{shown}: the first stage needs at least 2 seeds, because nothing can be tested with fewer")
    if any(one >= next_one for one, next_one in pairwise(stages)):
        raise ValueError(f"{shown} must rise: each stage is the total number of seeds at that look")
    if stages[-1] != seeds:
        raise ValueError(
            f"{shown} ends at {stages[-1]} seeds, but the study has {seeds}; add seed=range({stages[-1]}), change the"
            " stages, or remove them with stages=[]"
        )


def check_names(factors: Iterable[str], metrics: Iterable[str]) -> None:
    """Raise ValueError for a factor or a metric whose name is not printable, or that of another report column."""
    taken = set(COLUMNS)
    for factor in factors:
        if not is_name(factor) or factor in taken:
            raise ValueError(f"the factor name {factor!r:.80} is not printable, or is the name of a report column")
        taken.add(factor)
    for metric in metrics:
        if not is_name(metric) or metric in taken.difference(METRICS):
            raise ValueError(f"the metric {metric!r:.80} is not printable, or is the name of a report column or factor")


def data_varies(plan: StudyPlan) -> bool:
    """True if variants differ in their `data` settings; in an older plan, if a factor is `data` or one of its keys."""
    if plan.data_varies is not None:
        return plan.data_varies
    return any(name == "data" or name.startswith("data.") for name in plan.factors)


def write(folder: Path, plan: StudyPlan) -> None:
    """Write study.json into a study's folder, whole or not at all."""
    json_file.write(folder / FILE, plan)


def read(folder: Path) -> StudyPlan:
    """The plan of the study in `folder`; InputError if there is none, or it is not valid."""
    path = Path(folder) / FILE
    if not path.is_file():
        if (tuned := Path(folder) / TUNING / FILE).is_file():
            raise InputError(f"{folder} is still being tuned. Pass {tuned.parent} to see these runs.")
        studies = [plan.parent.name for plan in Path("outputs").glob(f"*/{FILE}")]
        meant = did_you_mean(Path(folder).name, studies)
        raise InputError(
            f"{folder} is not a study: it has no {FILE}.{meant} Pass a study folder, such as outputs/NAME of"
            " `ablate train -m study.name=NAME ...`."
        )
    advice = (
        "Get a fresh copy, or delete it and run the study's `ablate train` command again, which keeps finished runs."
    )
    return json_file.read(path, StudyPlan, "a study", LARGEST, advice, _upgraded)


def read_once(folder: Path) -> StudyPlan:
    """`read`, but the last plan is kept until its file changes, since each run of a process looks itself up in it."""
    try:
        state = (folder / FILE).stat()
    except OSError:
        return read(folder)
    return _read_version(folder, (state.st_mtime_ns, state.st_size, state.st_ino))


@lru_cache(maxsize=2)  # of one study, whose folder is named in two ways
def _read_version(folder: Path, version: tuple[int, int, int]) -> StudyPlan:
    return read(folder)


def _upgraded(content: json_file.Content) -> json_file.Content:
    """The content with its margin in `metric`; earlier versions had it next to the metric they took for granted."""
    if "margin" not in content or "metric" in content:
        return content
    rest = {key: value for key, value in content.items() if key != "margin"}
    return rest | {"metric": {"margin": content["margin"]}}


def find(study: Path) -> Path:
    """The folder of a study: `study` itself, or the study of that name under `outputs/`."""
    named = Path("outputs") / study
    planned = (named / FILE, named / TUNING / FILE)
    return named if not (study / FILE).exists() and any(path.exists() for path in planned) else study


def containing(run: Path) -> Path | None:
    """The folder of the study that the folder of a run lies in; None for a run outside a study."""
    return next((folder for folder in run.resolve().parents if (folder / FILE).is_file()), None)
