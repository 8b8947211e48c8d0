"""Evaluate runs on their test set, or on another one: `test`."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from ablate.api.child_process import call, flags
from ablate.api.paths import PathLike, run_folder
from ablate.api.run import Run, Tested
from ablate.api.study import Study
from ablate.terminal.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@overload
def test(run: PathLike | Run, trust: bool = False) -> Tested: ...


@overload
def test(
    run: PathLike | Run | Study,
    trust: bool = False,
    *,
    on: PathLike,
    corrupt: Sequence[str] = (),
    variants: Literal["best", "all"] = "best",
    name: str | None = None,
) -> "pd.DataFrame": ...


def test(
    run: PathLike | Run | Study,
    trust: bool = False,
    *,
    on: PathLike | None = None,
    corrupt: Sequence[str] = (),
    variants: Literal["best", "all"] = "best",
    name: str | None = None,
) -> "Tested | pd.DataFrame":
    """Evaluate a completed run on the test set; or a run or study on another one.

    Args:
        run: folder of the run; with `on`, also a study.
        trust: run code outside this package that the run's configuration names, such as your own model.
        on: another test set, as `ablate test --on`: a folder with the same class folders, a folder of such folders,
            CIFAR-10.1, CIFAR-10-C; or `test`, the run's own, for `corrupt`.
        corrupt: corruptions of these images: gaussian_noise, gaussian_blur, contrast, jpeg_compression or all.
        variants: of a study: the best variant and the baseline, or all.
        name: of the test set; by default that of its folder.

    Returns:
        The result on the test set; with `on`, a frame with one row per run and condition: test_set, variant, seed,
        condition (empty if there is one), severity, images, accuracy and calibration_error (fractions), loss (nats),
        data_sha256, folder.

    Raises:
        InputError: the run is not completed, its data set has no test images, or the other test set cannot be used.
    """
    if on is None:
        if corrupt or name is not None or variants != "best":
            raise InputError("corrupt, variants and name are for another test set: pass on, such as on='test'.")
        if isinstance(run, Study):
            raise InputError("Pass a run, such as study.run(), or on for another test set.")
        folder = run_folder(run)
        call("test", [str(folder), *(["--trust"] if trust else [])], show_output=False)
        return Tested(folder)
    return _test_on(run.folder if isinstance(run, Run | Study) else Path(run), trust, str(on), corrupt, variants, name)


vars(test)["__test__"] = False  # pytest would collect it in test files that import it


def _test_on(
    folder: Path, trust: bool, on: str, corrupt: Iterable[str], variants: str, name: str | None
) -> "pd.DataFrame":
    """Evaluate the run or study in `folder` on another test set; see `ablate.test`."""
    from ablate.analysis import collect
    from ablate.analysis.on_test_set import other_tests
    from ablate.commands.test_on import name_of
    from ablate.runs import other_test, study_plan

    corruptions = list(corrupt)
    name = name_of(name, on, bool(corruptions))
    options = [f"--on={on}", f"--name={name}", f"--variants={variants}", *flags(trust=trust)]
    options += [f"--corrupt={','.join(corruptions)}"] if corruptions else []
    call("test", [str(folder), *options], show_output=False)
    if (study := study_plan.find(folder)).joinpath(study_plan.FILE).exists():
        plan = collect.read_plan(study)
        tests = other_tests.read(study, plan, collect.collect(study, plan))
        return tests[tests["test_set"] == name].reset_index(drop=True)
    result = other_test.read(folder, name)
    assert result is not None
    return other_tests.frame([(result.variant, result.seed, str(folder), result)])
