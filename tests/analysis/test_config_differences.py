"""Differences between the recorded configurations of variants."""

import pytest
from omegaconf import OmegaConf

from ablate.analysis import collect
from ablate.analysis.analyze import analyze
from ablate.analysis.config_differences import changes, readable
from ablate.analysis.report.methods import methods


def test_only_differing_keys_are_listed(make_study):
    study = make_study(
        {"baseline": {0: 0.5, 1: 0.6}, "model=b": {0: 0.6}, "model=c": {0: 0.6}}, {"model": ["a", "b", "c"]}
    )
    common = {"seed": 0, "study": {"name": "s"}, "logger": {}, "optimizer": {"lr": 0.1, "_target_": "o.sgd"}}
    common |= {"data": {"_target_": "d.digits", "val_fraction": 0.1, "split_seed": 0}}
    common |= {"trainer": {"epochs": 5, "batch_size": 64}}
    for name, model in (("baseline", {"_target_": "m.A", "width": 3}), ("model=b", {"_target_": "m.B", "hidden": [1]})):
        folder = study / name / "seed=0" / ".hydra"
        folder.mkdir()
        OmegaConf.save(OmegaConf.create({**common, "seed": len(name), "model": model}), folder / "config.yaml")
    runs = collect.collect(study)
    differences = changes(study, runs, ["baseline", "model=b", "model=c"])
    assert differences.values.tolist() == [
        ["model=b", "model._target_", "m.A", "m.B"],
        ["model=b", "model.width", "3", "—"],
        ["model=b", "model.hidden", "—", "[1]"],
    ]
    text = " ".join(methods(analyze(study)))
    assert "Further settings that change with a level: model=b: model.hidden [1]." in text
    assert "optimizer sgd (lr 0.1)" in text and "4 runs of 3 variants" in text


def test_a_key_that_an_earlier_version_lacks_has_its_default(make_study):
    study = make_study({"baseline": {0: 0.5}, "optimizer.lr=0.2": {0: 0.6}}, {"optimizer.lr": ["0.1", "0.2"]})
    for name, lr, newer in (("baseline", 0.1, {}), ("optimizer.lr=0.2", 0.2, {"swa_start": None})):
        (study / name / "seed=0/.hydra").mkdir()
        settings = {"optimizer": {"_target_": "ablate.optimizer.sgd", "lr": lr}, "trainer": {"epochs": 5, **newer}}
        OmegaConf.save(OmegaConf.create(settings), study / name / "seed=0/.hydra/config.yaml")
    differences = changes(study, collect.collect(study), ["optimizer.lr=0.2"])
    assert differences["key"].tolist() == ["optimizer.lr"]


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (("model._target_", "ablate.model.cnn.CNN", "my.nets.MLP"), ("model", "CNN", "MLP")),
        (("model.block._target_", "a.Block", "b.Block"), ("model.block", "a.Block", "b.Block")),
        (("loss._target_", "a.Loss", "—"), ("loss", "Loss", "—")),
        (("model.width", "1.5", "3.5"), ("model.width", "1.5", "3.5")),
        (("_target_", "a.B", "a.C"), ("_target_", "a.B", "a.C")),
    ],
)
def test_a_class_is_named_by_its_name(change, shown):
    assert readable(*change) == shown
