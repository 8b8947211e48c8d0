"""Files damaged at random are refused in a sentence or read as what they say: never another exception."""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ablate.analysis.collect import collect, curves
from ablate.analysis.report import limits
from ablate.analysis.results import analyse
from ablate.analysis.test_results import lines
from ablate.analysis.test_usage import usage
from ablate.commands.reproduce import retrain
from ablate.commands.test import test as evaluated
from ablate.config import CONF, register
from ablate.config.flatten import flat
from ablate.config.messages import is_composition_error
from ablate.data.decode import decode
from ablate.data.image_folder import image_folder
from ablate.data.prepare import prepare
from ablate.evaluation import trained_model
from ablate.runs import looks, run_record, statuses, study_plan, test_log, test_result
from ablate.runs.checkpoints import CHECKPOINT
from ablate.runs.config_defaults import is_of, with_defaults
from ablate.runs.differences import diff
from ablate.runs.read_config import read_config
from ablate.study.snapshot import FolderView
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


def test_looks(tmp_path, fuzz):
    study = shutil.copytree(trained() / "outputs/s", tmp_path / "s")
    looks.record(study, ["a", "b"], 2, 2)

    def read() -> None:
        assert len(looks.read(study)) <= 1  # the one line is read, or skipped
        shown, others = looks.record(study, ["a", "b"], 2, 2)
        assert len(shown) + others >= 1

    fuzz(st.one_of(bytewise, restructured()), damaged(study / looks.FILE, read))


@pytest.mark.parametrize("place", [".hydra/config.yaml", "options/model/mine.yaml"])
def test_configurations(tmp_path, fuzz, place):
    """Of a run of the user's own option, which `ablate reproduce` composes again."""
    folder = shutil.copytree(own_option() / "run", tmp_path / "run")

    def read() -> None:
        record = run_record.read(folder)
        config = read_config(folder)
        is_of(record, config)
        flat(with_defaults(config), resolve=False)
        try:
            retrain.check(folder, *retrain.rerun_words(folder, record, config), trusted=False)
        except Exception as error:  # of Hydra, which the command turns into a sentence
            if not is_composition_error(error):
                raise

    fuzz(bytewise, damaged(folder / place, read))


@cache
def own_option() -> Path:
    """A folder with a run of an option file of the user's own."""
    folder = Path(mkdtemp())
    (folder / "mine/model").mkdir(parents=True)
    (folder / "mine/model/mine.yaml").write_text(
        "defaults: [/hydra/schema/MLP@_here_]\n_target_: ablate.model.mlp.MLP\nhidden: [4]\n"
    )
    command = ("train", "--config-dir", "mine", "model=mine", "data=digits", "data.train_limit=64", "trainer.epochs=1")
    whole(folder, *command, "trainer.threads=1", "hydra.run.dir=run")
    return folder


@st.composite
def folders(draw: st.DrawFn) -> list[tuple[int, Damage | None]]:
    """Several files of a folder, by number, are damaged, or gone (None)."""
    return draw(st.lists(st.tuples(st.integers(0, 1000), st.one_of(st.none(), bytewise)), min_size=1, max_size=5))


def test_whole_folders(tmp_path, fuzz):
    """All of a study that a report, a status, a view, a comparison and a network are made of, damaged at once."""
    study = shutil.copytree(trained() / "outputs/s", tmp_path / "s")
    run = study / "baseline/seed=0"
    looks.record(study, ["a", "b"], 2, 2)
    evaluated(run)
    paths = sorted(path for path in study.rglob("*") if path.is_file() and path.stat().st_size)
    contents = {path: path.read_bytes() for path in paths}

    def check(damages: list[tuple[int, Damage | None]]) -> None:
        for number, damage in damages:
            path = paths[number % len(paths)]
            if damage is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(damage(contents[path]))
        try:
            for read in (analyse, FolderView(study), lambda _: looks.read(study), lambda _: diff(run, run),
                         lambda _: trained_model.load(run), lambda _: test_log.count_uses(run)):  # fmt: skip
                with suppress(InputError):
                    read(*([] if isinstance(read, FolderView) else [study]))
        finally:
            for path, content in contents.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

    fuzz(folders(), check)


@pytest.mark.parametrize("kind", ["gif", "bmp", "webp", "tiff", "ppm"])
def test_images_of_other_formats(tmp_path, fuzz, kind):
    path = tmp_path / f"image.{kind}"
    Image.fromarray(np.arange(300, dtype=np.uint8).reshape(10, 10, 3)).save(path)

    def read() -> None:
        try:
            assert decode(str(path), 8)[0].shape == (3, 8, 8)
        except Exception as error:  # reported with the name of the file
            assert not isinstance(error, MemoryError)

    fuzz(bytewise, damaged(path, read))


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
