"""Files damaged at random are refused in a sentence or read as what they say: never another exception."""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablate.analysis.collect import collect, curves
from ablate.analysis.report import limits
from ablate.analysis.results import analyse
from ablate.analysis.test_results import lines
from ablate.analysis.test_usage import usage
from ablate.commands.test import test as evaluated
from ablate.config import CONF, register
from ablate.data.decode import decode
from ablate.data.image_folder import image_folder
from ablate.data.prepare import prepare
from ablate.runs import run_record, statuses, study_plan, test_log, test_result
from ablate.runs.checkpoints import CHECKPOINT
from ablate.study.status import planned_state
from ablate.terminal.errors import InputError
from ablate.training.checkpoint import Checkpoint
from ablate.training.parts import build
from tests.faults.planting import RUN, whole, words

FEW, MANY = 15, 1000
Damage = Callable[[bytes], bytes]
register()


@st.composite
def flips(draw: st.DrawFn) -> Damage:
    """Up to eight bytes become others, anywhere in a file."""
    places = draw(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8))

    def damage(content: bytes) -> bytes:
        changed = bytearray(content)
        for place, value in places:
            changed[int(place * len(changed))] = value
        return bytes(changed)

    return damage


cuts = st.floats(0, 1, exclude_max=True).map(lambda part: lambda content: content[: int(part * len(content))])
anything = st.binary(max_size=200).map(lambda content: lambda _: content)
bytewise = st.one_of(flips(), cuts, anything)

numbers = st.one_of(st.integers(), st.floats(), st.just(10**400))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


def places(content: object, above: tuple = ()) -> list[tuple]:
    """The paths to all that is inside a JSON value."""
    inside = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [path for name, value in inside for path in [(*above, name), *places(value, (*above, name))]]


@st.composite
def restructured(draw: st.DrawFn) -> Damage:
    """A value somewhere in a JSON file becomes another, of any type, or is gone."""
    where, gone, value = draw(st.floats(0, 1, exclude_max=True)), draw(st.booleans()), draw(values)

    def damage(content: bytes) -> bytes:
        whole = json.loads(content)
        known = places(whole)
        *above, name = known[int(where * len(known))]
        inside = whole
        for step in above:
            inside = inside[step]
        if gone:
            del inside[name]
        else:
            inside[name] = value
        return json.dumps(whole).encode()

    return damage


@pytest.fixture(params=[FEW, pytest.param(MANY, marks=pytest.mark.faults)])
def fuzz(request: pytest.FixtureRequest) -> Callable[[st.SearchStrategy, Callable[[Damage], None]], None]:
    """Call a check with damages, few or many; each time the same."""

    def run(damages: st.SearchStrategy, check: Callable[[Damage], None]) -> None:
        quiet = list(HealthCheck)
        bounded = settings(max_examples=request.param, deadline=None, derandomize=True, database=None,
                           suppress_health_check=quiet)  # fmt: skip
        bounded(given(damages)(lambda damage: check(damage)))()

    return run


@cache
def trained() -> Path:
    """A folder with a study of two runs of real training; one copy a process."""
    folder = Path(mkdtemp())
    whole(folder, *words(2, "seed=0,1"))
    return folder


def damaged(path: Path, read: Callable[[], object]) -> Callable[[Damage], None]:
    """A check that reads after the file at `path` was damaged: it may be refused, and the file is as before then."""
    good = path.read_bytes()

    def check(damage: Damage) -> None:
        path.write_bytes(damage(good))
        try:
            read()
        except InputError as refusal:
            assert str(refusal)
        finally:
            path.write_bytes(good)

    return check


@pytest.mark.parametrize("name", ["run.json", "study.json"])
def test_records(tmp_path, fuzz, name):
    study = shutil.copytree(trained() / "outputs/s", tmp_path / "s")
    folder = study / "baseline/seed=0"
    (planned, *_) = study_plan.read(study).runs

    def read() -> None:
        if name == "run.json":
            assert planned_state(study, planned).status in (*statuses.RECORDED, "stale", "unreadable")
            run_record.read(folder)
        else:
            for run in study_plan.read(study).runs:
                planned_state(study, run)

    fuzz(st.one_of(bytewise, restructured()), damaged((folder if name == "run.json" else study) / name, read))


@pytest.mark.parametrize("name", ["run.json", "study.json", "metrics.csv"])
def test_frames(tmp_path, fuzz, name):
    study = shutil.copytree(trained() / "outputs/s", tmp_path / "s")
    path = study / name if name == "study.json" else study / "baseline/seed=0" / name

    def read() -> None:
        runs = collect(study)
        curves(study, runs)
        assert len(runs) == len(study_plan.read(study).runs)

    fuzz(bytewise if name == "metrics.csv" else st.one_of(bytewise, restructured()), damaged(path, read))


def test_predictions(tmp_path, fuzz):
    study = shutil.copytree(trained() / "outputs/s", tmp_path / "s")
    fuzz(bytewise, damaged(study / "baseline/seed=0/val_predictions.npz", lambda: analyse(study)))


def test_checkpoints(tmp_path, fuzz):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", ["data=digits", "data.train_limit=64", "model=mlp", "model.hidden=[4]"])
    data = prepare(config.data)
    made_by = {"config_sha256": "a"}

    def parts():
        return build(config, data, torch.device("cpu"), "fp32")

    results = {"rows": [{"epoch": 1, "step": 2, "train_loss": 0.5}]}
    Checkpoint(tmp_path, made_by).save(parts(), results)

    def read() -> None:
        assert Checkpoint(tmp_path, made_by).load(parts()) in (None, results)

    fuzz(bytewise, damaged(tmp_path / CHECKPOINT, read))


def test_weights(tmp_path, fuzz):
    folder = shutil.copytree(trained() / RUN, tmp_path / "run")
    fuzz(bytewise, damaged(folder / "model.pt", lambda: evaluated(folder)))


@pytest.mark.parametrize("name", ["test.json", "tests.jsonl"])
def test_uses(tmp_path, fuzz, name):
    study = shutil.copytree(trained() / "outputs/s", tmp_path / "s")
    folder, plan = study / "baseline/seed=0", study_plan.read(study)
    evaluated(folder)
    path = folder / name if name == "test.json" else study / name

    def read() -> None:
        assert limits.tested(usage(study, plan)).startswith(("The test set was", "Whether"))
        if result := test_result.read(folder):
            assert lines(folder, result)
        test_log.count_uses(folder)

    fuzz(st.one_of(bytewise, restructured()) if name == "test.json" else bytewise, damaged(path, read))


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_images(tmp_path, fuzz, photo_folder, monkeypatch, kind):
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "photos"
    for name in ("china", "flower"):
        source = sorted((photo_folder / "train" / name).glob(f"*.{kind}"))[0]
        (root / "train" / name).mkdir(parents=True)
        shutil.copy(source, root / "train" / name / source.name)
    path = next((root / "train/china").iterdir())

    def read() -> None:
        images = image_folder(str(root), 8, 1, "train")
        pixels, _ = decode(str(path), 8)  # what was accepted is what the file holds
        assert np.array_equal(images.images[0].numpy(), pixels)

    fuzz(bytewise, damaged(path, read))
