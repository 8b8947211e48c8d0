"""No file from outside makes a reader use more memory than `MOST` beyond an honest one (docs/security.md)."""

import json
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
import typst
from hydra import compose, initialize_config_dir
from msgspec.structs import replace
from PIL import Image

from ablate.analysis.analyze import analyze
from ablate.analysis.author import text, to_typst
from ablate.analysis.collect import collect, curves
from ablate.analysis.on_test_set import other_tests
from ablate.analysis.on_test_set.usage import usage
from ablate.analysis.sources import frame
from ablate.analysis.sources import table as table_file
from ablate.analysis.sources.columns import Columns
from ablate.api.run import Run
from ablate.commands.test import test as evaluated
from ablate.config import CONF, register, trust
from ablate.config.flatten import flat
from ablate.data.decode import decode, size
from ablate.data.prepare import prepare
from ablate.evaluation import trained_model
from ablate.runs import activation_maps, looks, other_test, run_record, stages, study_plan
from ablate.runs.checkpoints import CHECKPOINT
from ablate.runs.config_defaults import with_defaults
from ablate.runs.differences import diff
from ablate.runs.metric import named
from ablate.runs.read_config import read_config
from ablate.study.live_view import FolderView
from ablate.terminal.errors import InputError
from ablate.training.checkpoint import Checkpoint
from ablate.training.parts import build
from tests.faults.attacks import MIB, Attack, arrays, authors, records, tables, weights
from tests.faults.attacks import images as image_files
from tests.faults.memory import peak
from tests.faults.planting import RUN, whole, words
from tests.runs.test_activation_maps import IMAGES, MAPS
from tests.runs.test_activation_maps import record as map_record
from tests.runs.test_other_test import result as other_result

MOST = 256  # MiB
MOST_OF_AN_IMAGE = 512  # MiB, which depends on its pixels
register()


@cache
def trained() -> Path:
    """A folder with a study of two runs, one of them tested; one copy per process."""
    folder = Path(mkdtemp())
    whole(folder, *words(2, "seed=0,1"))
    evaluated(folder / RUN)
    return folder


@cache
def parts_of() -> SimpleNamespace:
    """What a checkpoint is loaded into: parts, number of images and of classes."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", ["data=digits", "data.train_limit=64", "model=mlp", "model.hidden=[64]"])
    data = prepare(config.data)
    return SimpleNamespace(parts=build(config, data, torch.device("cpu"), "fp32"), logits=(len(data.val.labels), 10))


def look(study: Path) -> None:
    """What `ablate watch` reads."""
    FolderView(study)()


def table(study: Path) -> None:
    runs = collect(study)
    curves(study, runs)
    usage(study, study_plan.read(study))
    looks.read(study)


def other(study: Path) -> None:
    """What `ablate report` reads of other test sets."""
    other_tests.read(study, study_plan.read(study), collect(study))


def configuration(study: Path) -> None:
    config = read_config(study / "baseline/seed=0")
    trust.check(config, study, trusted=False)
    flat(with_defaults(config), resolve=False)


def checkpoint(study: Path) -> None:
    run = parts_of()
    Checkpoint(study / "baseline/seed=0", {}).load(run.parts, 5, run.logits)


def images(study: Path) -> None:
    path = str(study / "image")
    for read in (lambda: size(path), lambda: decode(path, 8)):
        try:
            read()
        except Exception as error:  # reported with the name of the file
            assert not isinstance(error, MemoryError) and str(error)


def runs_of(name: str) -> Callable[[Path], object]:
    """What `ablate report TABLE` reads."""

    def read(study: Path) -> None:
        rows, _ = table_file.read(study / name)
        frame.study(rows, Columns(named("acc"), seed="seed"), "s", "command")

    return read


def author_text(study: Path) -> None:
    """What `ablate report` shows of report.md."""
    author = text.read(study)
    blocks = [block for section in author.sections for block in author.typst(section)]
    for section in author.sections:
        author.html(section)
    with TemporaryDirectory() as folder:
        Path(folder, to_typst.FOLDER).mkdir()
        for name, content in author.files.items():
            Path(folder, to_typst.FOLDER, name).write_bytes(content)
        Path(folder, "main.typ").write_text("\n\n".join(blocks))
        typst.compile(Path(folder, "main.typ"), ignore_system_fonts=True)


def taken_looks(study: Path) -> None:
    plan = study_plan.read(study)
    other = replace(plan.runs[0], variant="other", folder="other/seed=0")
    plan = replace(plan, runs=[*plan.runs, other], seeds=[0, 1, 2], stages=[2, 3])
    stages.due(plan, stages.read(study, plan))


IN_RUN = "baseline/seed=0/"
KINDS: dict[str, tuple[str, dict[str, Attack], tuple[Callable[[Path], object], ...]]] = {
    "predictions": (f"{IN_RUN}val_predictions.npz", arrays.PREDICTIONS, (analyze,)),
    "samples": (f"{IN_RUN}samples.npz", arrays.SAMPLES, (analyze,)),
    "curves": (
        f"{IN_RUN}metrics.csv",
        records.CURVES,
        (look, table, lambda study: Run(study / IN_RUN).history, lambda study: diff(study / IN_RUN, study / IN_RUN)),
    ),
    "record": (
        f"{IN_RUN}run.json",
        {**records.json_attacks(run_record.LARGEST.size), "classes": records.classes},
        (look, table),
    ),
    "classes": (f"{IN_RUN}run.json", {"classes": records.classes}, (analyze,)),
    "plan": (
        "study.json",
        {**records.json_attacks(study_plan.LARGEST.size), **records.plan_of(study_plan.LARGEST.size)},
        (study_plan.read,),
    ),
    "test result": (f"{IN_RUN}test.json", records.json_attacks(5 * MIB), (table,)),
    "other test result": (f"{IN_RUN}test-on/fog.json", records.json_attacks(other_test.LARGEST.size), (other,)),
    "activation maps": (
        activation_maps.FILE,
        records.json_attacks(activation_maps.LARGEST.size),
        (activation_maps.read,),
    ),
    "uses": ("tests.jsonl", records.USES, (table,)),
    "looks": ("looks.jsonl", records.LOOKS, (table,)),
    "settings": (f"{IN_RUN}.hydra/config.yaml", records.SETTINGS, (configuration,)),
    "weights": (
        f"{IN_RUN}model.pt",
        weights.tensor_attacks(),
        (lambda study: trained_model.load(study / IN_RUN),),
    ),
    "checkpoint": (f"{IN_RUN}{CHECKPOINT}", weights.tensor_attacks("model"), (checkpoint,)),
    "image": ("image", image_files.IMAGES, (images,)),
    "author's text": (text.FILE, authors.TEXTS, (author_text,)),
    "author's drawing": ("a.svg", authors.DRAWINGS, (author_text,)),
    "stages": (stages.FILE, authors.STAGES, (taken_looks,)),
    "table": ("runs.csv", tables.CSV, (runs_of("runs.csv"),)),
    "JSON lines": ("runs.jsonl", tables.JSON_LINES, (runs_of("runs.jsonl"),)),
    "JSON": ("runs.json", tables.JSON, (runs_of("runs.json"),)),
    "Parquet": ("runs.parquet", tables.PARQUET, (runs_of("runs.parquet"),)),
}
CASES = [(kind, name) for kind, (_, known, _) in KINDS.items() for name in known]


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """The study, with a file of each kind."""
    study = shutil.copytree(trained() / "outputs/s", tmp_path_factory.mktemp("memory") / "s")
    run = parts_of()
    Checkpoint(study / IN_RUN, {}).save(run.parts, {"rows": [{"epoch": 1, "step": 2, "train_loss": 0.5}]})
    Image.new("RGB", (8, 8)).save(study / "image", "png")
    (study / looks.FILE).touch()
    other_test.write(study / IN_RUN, other_result())
    activation_maps.write(study, map_record(), IMAGES, MAPS)
    (study / text.FILE).write_text("## Methods\n\n![Drawing](a.svg) $x$\n")
    (study / "a.svg").write_text(authors.SVG.format(""))
    (study / stages.FILE).write_text('{"schema": 1, "looks": []}')
    (study / "runs.csv").write_text(tables.csv(runs := tables.rows(10, 1, tables.short)))
    (study / "runs.jsonl").write_bytes(tables.json_lines(runs))
    (study / "runs.json").write_text(json.dumps(runs))
    pd.DataFrame(runs).to_parquet(study / "runs.parquet")
    return study


@cache
def honest(study: Path, read: Callable[[Path], object]) -> float:
    """The memory that the honest study takes, in MiB."""
    return peak(lambda: read(study))


@pytest.mark.faults
@pytest.mark.parametrize(("kind", "name"), CASES, ids=[f"{kind}: {name}" for kind, name in CASES])
def test_no_file_takes_much_more_memory_than_an_honest_one(study, kind, name, record_property):
    file, known, readers = KINDS[kind]
    path = study / file
    good = path.read_bytes()
    expected = {read: honest(study, read) for read in readers}
    most = MOST_OF_AN_IMAGE if kind == "image" else MOST
    try:
        peak(lambda: path.write_bytes(known[name](good)))  # in a fork, so that this process stays small
        for read in readers:
            more = peak(lambda read=read: read(study)) - expected[read]
            assert more < most
            record_property("MiB", round(more))
    finally:
        path.write_bytes(good)


def test_the_measurement_sees_memory_and_refusals():
    def refuse() -> None:
        raise InputError("refused")

    base = peak(refuse)
    assert 90 < peak(lambda: bytearray(os.urandom(100 * MIB))) - base < 250
    with pytest.raises(AssertionError):
        peak(lambda: 1 / 0)
