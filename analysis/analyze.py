"""Compute all results of a study once, from its folder or from a frame of its runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ablate.analysis import app_curves, blocks, chance, collect, image_correctness, pooled_blocks, stats
from ablate.analysis.ablation_path import ablation_path
from ablate.analysis.author import text, variants
from ablate.analysis.config_differences import changes
from ablate.analysis.effects import effects, most_different
from ablate.analysis.excluded_seeds import Excluded, remaining
from ablate.analysis.factor_effects import FactorEffects, factor_effects
from ablate.analysis.on_test_set import other_tests
from ablate.analysis.on_test_set.usage import usage
from ablate.analysis.results import Maps, Results
from ablate.analysis.search import DESIGN as SEARCH
from ablate.analysis.search import search
from ablate.analysis.stages.looks import of_study as looks_of_study
from ablate.analysis.stages.paths import stage_paths
from ablate.analysis.tuned import tuned
from ablate.runs import activation_maps
from ablate.runs.study_plan import StudyPlan

DESCRIBED = 40  # variants whose configurations are compared


def analyze(study_folder: Path) -> Results:
    """Read a study's runs and compare them. InputError if `study_folder` is not a study."""
    folder = Path(study_folder)
    plan, runs = collect.read_plan(folder), collect.collect(folder)
    return compare(folder, plan, runs)


def compare(
    folder: Path,
    plan: StudyPlan,
    runs: pd.DataFrame,
    curves: pd.DataFrame | None = None,
    assumptions: Sequence[str] = (),
    joined: Path | None = None,
    excluded: Excluded | None = None,
    planned: Mapping[str, str] | None = None,
    studies: Sequence[Path] = (),
) -> Results:
    """Compare the runs of a study.

    Args:
        folder: of the study; it need not contain files of the runs.
        plan: its plan.
        runs: frame of `collect`.
        curves: frame of `collect.curves`; None: read from the folder.
        assumptions: sentences on how runs from elsewhere were read.
        joined: folder of the report, if it is not that of the runs.
        excluded: {seed: reason} of the seeds that no comparison uses.
        planned: {folder: variant} as report.md names it, if the baseline is not the planned one.
        studies: folders of the joined studies, below `folder`.

    Raises:
        InputError: the author's report.md cannot be used, or seeds cannot be excluded.
    """
    plan, runs = remaining(plan, runs, excluded := dict(excluded or {}))
    if curves is not None:
        curves = curves[~curves["seed"].isin(excluded)]
    author, used = text.read(home := joined or folder), usage(folder, plan, studies)
    curves = _curves(folder, plan, runs) if curves is None else curves
    looks, every_run, within = looks_of_study(folder, plan), runs, None
    if plan.block is not None:
        runs = runs.assign(collapsed=blocks.collapsed(folder, runs, plan.block))
        within, predicted = blocks.compared(runs, plan), None  # blocks have different images
        used = pooled_blocks.pooled_usage(used, runs, plan)
        curves = pooled_blocks.mean_curves(curves, runs, plan)
        runs, plan = pooled_blocks.pooled(runs, plan), blocks.without_block(plan)
        assumptions = [*assumptions, *blocks.sentences(within)]
    else:
        predicted = image_correctness.load(folder, runs)
    runs = variants.apply(runs, author.settings, home / text.FILE, planned)
    classes = chance.class_count(runs)
    if within is None:
        runs = runs.assign(collapsed=chance.collapsed(runs, predicted, classes))
    compared = effects(runs, metric=plan.metric, chance=plan.metric.at_chance(classes), looks=looks)
    by_class, crossed = _images(predicted, compared, runs)
    # Which variants have further seeds depends on their results.
    of_factors = runs if looks is None else looks.shared(runs)
    return Results(
        folder=folder,
        plan=plan,
        runs=runs,
        curves=curves,
        class_count=classes,
        effects=compared,
        **(FactorEffects() if plan.design == SEARCH else factor_effects(of_factors, plan.metric.name))._asdict(),
        path=None if plan.design == SEARCH else ablation_path(of_factors, plan.metric),
        predicted=predicted,
        classes=by_class,
        crossed=crossed if looks is None else {},  # these intervals do not allow for stages
        changes=changes(folder, runs, most_different(compared, DESCRIBED)),
        usage=used,
        samples=collect.samples(folder, runs),
        author=author,
        assumptions=tuple(assumptions),
        search=search(folder, plan, runs),
        joined=joined,
        excluded=excluded,
        looks=looks,
        paths=None if looks is None else stage_paths(runs, looks, plan.metric),
        blocks=within,
        tuned=tuned(folder, plan) if planned is None else None,  # it is against the planned baseline
        runs_of_blocks=None if within is None else every_run,
        activation_maps=_activation_maps(folder, plan),
        other_tests=_other_tests(folder, plan, runs) if within is None else None,  # blocks have other classes
    )


def _other_tests(folder: Path, plan: StudyPlan, runs: pd.DataFrame) -> pd.DataFrame | None:
    """The results on other test sets; None if there are none."""
    tests = other_tests.read(folder, plan, runs) if plan.app is None else None
    return tests if tests is not None and len(tests) else None


def _activation_maps(folder: Path, plan: StudyPlan) -> Maps | None:
    """The class activation maps of the last test; None if there are none, or of another configuration than planned."""
    try:
        stored = activation_maps.read(folder)
    except Exception:  # numpy and zipfile raise many types of exception on a damaged file
        return None
    if stored is None:
        return None
    planned = {run.folder: run.config_sha256 for run in plan.runs}
    record = stored[0]
    same = [planned.get(name) == sha256 for name, sha256 in zip(record.folders, record.config_sha256, strict=True)]
    return stored if all(same) and planned else None


def _curves(folder: Path, plan: StudyPlan, runs: pd.DataFrame) -> pd.DataFrame:
    """The learning curves of a study of `ablate train` or of another app."""
    return collect.curves(folder, runs) if plan.app is None else app_curves.curves(folder, runs)


def _images(
    predicted: image_correctness.Predictions | None, compared: pd.DataFrame, runs: pd.DataFrame
) -> tuple[pd.DataFrame | None, dict[str, stats.CrossedInterval]]:
    """Accuracy by class, and differences over seeds and images, of the variants that are compared.

    An interval over images is kept only if it uses the same seeds as the interval it is printed next to.
    """
    if predicted is None or not predicted.correct(collect.BASELINE):
        return None, {}
    names = [name for name in compared["variant"] if name != collect.BASELINE]
    classes = image_correctness.class_differences(predicted, names)
    seeds = compared.set_index("variant")["n"]
    base = predicted.correct(collect.BASELINE)
    same = [name for name in classes.index[1:] if len(base.keys() & predicted.correct(name).keys()) == seeds[name]]
    crossed = {name: image_correctness.crossed(predicted, name) for name in same}
    return classes, {name: interval for name, interval in crossed.items() if interval is not None}
