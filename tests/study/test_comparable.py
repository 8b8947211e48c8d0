"""Runs on other images are never paired, never averaged, and named."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ablate.analysis.collect import collect
from tests.processes import ablate, record

WORDS = ("data=image_folder", "data.image_size=8", "model=mlp", "trainer.epochs=1", "data.val_fraction=0.3")
STUDY = ("train", "-m", "study.name=x", *WORDS, "data.root=p", "seed=0,1,2", "optimizer.lr=0.01,0.02")


def draw(root: Path, seed: int = 0) -> None:
    """12 images of noise in each of three classes."""
    generator = np.random.default_rng(seed)
    for name in "abc":
        (root / "train" / name).mkdir(parents=True)
        for number in range(12):
            pixels = generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / f"train/{name}/{number:02}.png")


def lose_half(root: Path) -> None:
    for path in root.glob("train/*/0[0-5].png"):
        path.unlink()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw(tmp_path / "p")
    return tmp_path


def runs(folder: Path, study: str = "x") -> pd.DataFrame:
    return collect(folder / f"outputs/{study}")


@pytest.mark.integration
def test_a_variant_on_other_images_has_no_verdict_and_is_named(folder):
    assert ablate(folder, *STUDY).returncode == 0
    shutil.rmtree(folder / "outputs/x/optimizer.lr=0.02")
    lose_half(folder / "p")
    ended = ablate(folder, *STUDY)
    assert ended.returncode == 0 and "continues on other images" in ended.stderr, ended.stderr
    log = (folder / "outputs/x/optimizer.lr=0.02/seed=0/train.log").read_text()
    assert "continues on other images: those of baseline/seed=0" in log
    ended = ablate(folder, "report", "x", "--allow-partial")
    assert ended.returncode == 0, ended.stderr
    rows = pd.read_csv(folder / "outputs/x/report/runs.csv").set_index(["variant", "seed"])
    assert set(rows.loc["baseline", "status"]) == {"completed"}
    assert set(rows.loc["optimizer.lr=0.02", "status"]) == {"other images"}
    assert rows.loc["optimizer.lr=0.02", "val_accuracy"].isna().all()
    effects = pd.read_csv(folder / "outputs/x/report/effects.csv").set_index("variant")
    assert effects.loc["optimizer.lr=0.02", "holes"] == 3 and np.isnan(effects.loc["optimizer.lr=0.02", "p"])
    text = (folder / "outputs/x/report/report.typ").read_text()
    assert "other images" in text and "optimizer.lr=0.02/seed=0" in text
    refused = ablate(folder, "test", "x")
    assert refused.returncode == 2 and "have no result" in refused.stderr


def test_a_seed_on_other_images_is_not_averaged(folder):
    assert ablate(folder, *STUDY[:-2], "seed=0,1").returncode == 0
    lose_half(folder / "p")
    assert ablate(folder, *STUDY[:-2], "seed=0,1,2", "--extend").returncode == 0
    assert runs(folder)["status"].tolist() == ["completed", "completed", "other images"]


def test_variants_of_a_study_of_data_have_images_of_their_own(folder):
    draw(folder / "q", seed=1)
    words = ("train", "-m", "study.name=d", *WORDS, "data.root=p,q", "seed=0,1")
    assert ablate(folder, *words).returncode == 0
    assert runs(folder, "d")["status"].tolist() == ["completed"] * 4
    lose_half(folder / "q")
    assert ablate(folder, *words[:-1], "seed=0,1,2", "--extend").returncode == 0
    status = runs(folder, "d").set_index(["variant", "seed"])["status"]
    assert status[status != "completed"].to_dict() == {("data.root=q", 2): "other images"}


def test_images_may_move_but_not_change(folder):
    words = ("train", "-m", "study.name=x", *WORDS, "seed=0")
    assert ablate(folder, *words, "data.root=p").returncode == 0
    (folder / "p").rename(folder / "moved")
    again = ablate(folder, *words, "data.root=moved")
    assert again.returncode == 0 and "1 of them already done" in again.stderr, again.stderr
    draw(folder / "q", seed=1)
    refused = ablate(folder, *words, "data.root=q")
    assert refused.returncode == 2 and "data.root was p, now q" in refused.stderr, refused.stderr


@pytest.mark.integration
def test_moved_images_are_named_to_test_and_reproduce(folder):
    (folder / "p/test").mkdir()
    for name in "abc":
        (folder / f"p/test/{name}").mkdir()
        (folder / f"p/train/{name}/11.png").rename(folder / f"p/test/{name}/11.png")
    assert ablate(folder, "train", *WORDS, "data.root=p", "hydra.run.dir=one").returncode == 0
    (folder / "p").rename(folder / "my images")
    for verb in ("test", "reproduce"):
        assert ablate(folder, verb, "one").returncode == 2
        ended = ablate(folder, verb, "one", "--data-root", "my images")
        assert ended.returncode == 0, ended.stderr
    assert "Identical" in ended.stdout and record(folder / "one")["status"] == "completed"
