"""`study.of`: the overrides of a study from the best configuration of a finished search back to its baseline."""

from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from ablate.config import trust
from ablate.files import bounded
from ablate.runs import study_plan
from ablate.runs.metric import Metric
from ablate.study.factors import NOT_FACTORS, name_of
from ablate.study.selection import choose
from ablate.terminal.errors import InputError

LARGEST = bounded.MIB  # bytes of overrides.yaml


def words(folder: Path, metric: Metric) -> list[str]:
    """The overrides of a study that explains the best variant of another one.

    Each factor in which the best variant differs from the baseline has the levels of both, that of the best first. The
    other overrides of its runs are kept, except their seed.

    Args:
        folder: of a finished study or search.
        metric: of the new study, by which the best variant was selected too.

    Raises:
        InputError: the study cannot be read, has another metric or no completed variant, or its baseline is the best.
    """
    folder = study_plan.find(folder)
    plan = study_plan.read(folder)
    if plan.app is not None:
        raise InputError(f"study.of={folder} is a study of {plan.app}, not of `ablate train`.")
    if plan.metric.name != metric.name:
        raise InputError(
            f"study.of={folder} compares {plan.metric.name}, this study {metric.name}. Type"
            f" study.metric={plan.metric.name}."
        )
    best = choose(folder, allow_partial=True).chosen
    run = next(run for run in plan.runs if run.variant == best)
    changed = {name: level for name, level in run.factors.items() if level != plan.baseline[name]}
    if not changed:
        raise InputError(f"The best configuration of {folder} is its baseline: there is nothing to explain.")
    recorded = _recorded(folder / run.folder)
    fixed = [
        override.input_line
        for override in OverridesParser.create().parse_overrides(recorded)
        if (key := name_of(override)) not in {*changed, "seed"} and key.partition(".")[0] not in NOT_FACTORS
    ]
    return [*map(str, fixed), *(f"{name}={level},{plan.baseline[name]}" for name, level in changed.items())]


def _recorded(run: Path) -> list[str]:
    """The overrides that Hydra recorded for a run."""
    path = run / ".hydra/overrides.yaml"
    try:
        text = bounded.contents(path, LARGEST).decode()
        trust.check_yaml(text)
        content: Any = OmegaConf.to_container(OmegaConf.create(text))
    except (OSError, ValueError, YAMLError, OmegaConfBaseException) as error:
        raise InputError(f"{path} cannot be read ({error}).") from None
    if not isinstance(content, list) or not all(isinstance(word, str) for word in content):
        raise InputError(f"{path} is not a list of overrides.")
    return content
