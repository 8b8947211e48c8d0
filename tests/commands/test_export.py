"""A run's network in other formats: what other programs compute of it are the run's own logits, or there is no file."""

import hashlib
import io
import json
import shutil
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ablate.commands import export_formats
from ablate.commands.export import export, main
from ablate.data.batches import scaling
from ablate.data.digits import digits
from ablate.data.prepare import Inputs
from ablate.evaluation import trained_model
from ablate.model.external import torchvision_model
from ablate.normalization import batch, layer
from ablate.terminal.errors import InputError
from tests.processes import ROOT, SMALL, ablate

DIGITS = [str(digit) for digit in range(10)]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A network with batch normalisation on digits, whose pixels are scaled by their own mean and deviation."""
    folder = tmp_path_factory.mktemp("export") / "run"
    words = ("model=mlp", "model.hidden=[32]", "normalization=batch", "data.mean=null", "data.std=null", *SMALL)
    ended = ablate(folder.parent, "train", "hydra.run.dir=run", "trainer.precision=fp32", "trainer.device=cpu", *words)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def copied(run, tmp_path) -> Path:
    return shutil.copytree(run, tmp_path / "run", ignore=shutil.ignore_patterns("model.?*[!t]"))


def validation(run: Path) -> tuple[Tensor, np.ndarray]:
    """The run's validation images as they come, uint8 (N, 1, 8, 8), and the logits that it gave them, as float16."""
    with np.load(run / "val_predictions.npz") as saved:
        return digits("train").images[saved["index"]], saved["logits"].astype(np.float32)


def assert_logits(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, atol=2e-3 * np.abs(expected).max())  # float16 has 11 bits


def assert_known(metadata: dict, run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    assert {name: metadata[name] for name in record["inputs"]} == record["inputs"]
    assert metadata["classes"] == DIGITS and metadata["config_sha256"] == record["config_sha256"]
    assert metadata["network"]["model"]["hidden"] == [32]
    assert metadata["weights_sha256"] == hashlib.sha256((run / "model.pt").read_bytes()).hexdigest()


def of_texts(found: dict[str, str]) -> dict:
    """Metadata of a format in which each is a text."""
    plain = {name: json.loads(found[name]) for name in ("classes", "network", "channels", "image_size", "mean", "std")}
    return {**found, **plain}


@pytest.mark.skipif(
    not hasattr(torch.onnx, "ops"), reason="an older exporter cannot keep the batch size free: the verb refuses"
)
def test_onnx_takes_any_number_of_images_as_they_are_decoded(run, tmp_path):
    import onnx
    import onnxruntime

    ended = ablate(tmp_path, "export", str(run), "--format", "onnx", "--output", "net.onnx")
    assert ended.returncode == 0 and ended.stderr == "" and "net.onnx: on 16 images" in ended.stdout
    onnx.checker.check_model(tmp_path / "net.onnx", full_check=True)
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    (given,), (result,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape[1:]) == ("images", "tensor(uint8)", [1, 8, 8])
    assert (result.name, result.type, result.shape[1:]) == ("logits", "tensor(float)", [10])
    images, expected = validation(run)
    for count in (1, 2, len(images)):
        assert_logits(session.run(None, {"images": images[:count].numpy()})[0], expected[:count])
    found = session.get_modelmeta().custom_metadata_map
    assert_known(of_texts(found), run)
    assert str(ROOT).encode() not in (tmp_path / "net.onnx").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.onnx"]


@pytest.mark.parametrize(("form", "name"), [("torchscript", "model.ts"), ("pt2", "model.pt2")])
@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_pytorch_reads_it_without_this_package(copied, monkeypatch, form, name):
    assert main([str(copied), "--format", form]) == 0
    content, extra = (copied / name).read_bytes(), {export_formats.METADATA: ""}
    if form == "torchscript":
        network = torch.jit.load(io.BytesIO(content), _extra_files=extra)
    else:
        network = torch.export.load(io.BytesIO(content), extra_files=extra).module()
    assert_known(json.loads(extra[export_formats.METADATA]), copied)
    images, expected = validation(copied)
    with torch.no_grad():
        for count in (1, 2, len(images)):
            assert_logits(network(images[:count]).numpy(), expected[:count])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not [member for member in archive.namelist() if str(ROOT).encode() in archive.read(member)]


def test_safetensors_are_the_weights_with_what_is_needed_to_use_them(copied):
    import safetensors

    assert main([str(copied), "--format", "safetensors"]) == 0
    saved = torch.load(copied / "model.pt", weights_only=True)
    with safetensors.safe_open(copied / "model.safetensors", "pt") as file:
        assert set(file.keys()) == set(saved) and all(torch.equal(file.get_tensor(name), saved[name]) for name in saved)
        found = file.metadata()
    assert_known(of_texts(found), copied)


class Moody(nn.Module):
    """Another network for images that are not black: a trace of it, by a black one, is wrong."""

    def forward(self, x: Tensor) -> Tensor:
        logits = x.flatten(1)[:, :10]
        return logits if bool((x == x[0, 0, 0, 0]).all()) else -logits


@pytest.mark.parametrize(
    ("form", "said"), [("torchscript", "differ from the run's own by"), ("pt2", "cannot be exported as pt2")]
)
@pytest.mark.filterwarnings("ignore")
def test_a_network_that_is_another_as_a_file_is_refused(run, form, said):
    moody = replace(trained_model.load(run), model=Moody())
    with pytest.raises(InputError, match=said):
        export(moody, form)


@pytest.mark.integration
@pytest.mark.parametrize("form", ["onnx", "torchscript"])
@pytest.mark.parametrize(("name", "kind", "act"), [("swin_t", layer, nn.GELU), ("shufflenet_v2_x0_5", batch, nn.ReLU)])
@pytest.mark.filterwarnings("ignore")
def test_networks_whose_shapes_depend_on_the_images_are_exported(run, tmp_path, form, name, kind, act):
    """Windows that are shifted and masked, channels that are shuffled: neither may be fixed for the example."""
    torch.manual_seed(0)
    network = torchvision_model(name, 10, 3, 32, kind(), act).eval()
    inputs = Inputs(tuple(DIGITS), 3, 32, torch.full((3,), 0.5), torch.full((3,), 0.5))
    loaded = trained_model.load(run)
    pixels = scaling(inputs.mean, inputs.std, torch.device("cpu"), torch.contiguous_format)
    images = torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8)
    np.savez(tmp_path / "samples.npz", images=images.numpy())
    found = export(replace(loaded, folder=tmp_path, inputs=inputs, model=network, pixels=pixels), form)
    assert found.images == 5 and found.difference < 1e-5 * found.largest


def test_no_file_is_left_of_one_that_does_not_agree(copied, monkeypatch):
    write, read = export_formats.FORMATS["safetensors"]

    def other(network: export_formats.Network, example: Tensor, metadata: dict) -> bytes:
        return write(
            export_formats.Network(nn.Sequential(network.model), torch.ones(1), torch.ones(1)), example, metadata
        )

    for wrong, said in ((other, "cannot be exported"), (damaged(write), "differ from the run's own by")):
        monkeypatch.setitem(export_formats.FORMATS, "safetensors", (wrong, read))
        before = sorted(copied.iterdir())
        with pytest.raises(InputError, match=said):
            main([str(copied), "--format", "safetensors"])
        assert sorted(copied.iterdir()) == before


def damaged(write):
    """The last weight of the file is not a number."""

    def other(network: export_formats.Network, example: Tensor, metadata: dict) -> bytes:
        return write(network, example, metadata)[:-4] + np.float32(np.nan).tobytes()

    return other


def test_a_file_that_is_there_is_kept_unless_forced(copied, capsys):
    target = copied / "model.safetensors"
    target.write_text("mine")
    with pytest.raises(InputError, match="--force"):
        main([str(copied), "--format", "safetensors"])
    assert target.read_text() == "mine"
    assert main([str(copied), "--format", "safetensors", "--force"]) == 0 and target.stat().st_size > 1000
    (copied / "folder").mkdir()
    assert main([str(copied), "--format", "safetensors", "--output", str(copied / "folder")]) == 0
    assert (copied / "folder/model.safetensors").stat().st_size == target.stat().st_size


@pytest.mark.parametrize(
    ("form", "package"),
    [("onnx", "onnxscript"), ("onnx", "onnxruntime"), ("onnx", "onnx"), ("safetensors", "safetensors")],
)
def test_a_package_that_is_missing_is_named_with_how_to_install_it(run, monkeypatch, form, package):
    for name in [package, *(name for name in sys.modules if name.startswith(f"{package}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=rf"needs the package {package}\. Run: pip install 'hydra-ablate\[export\]'"):
        export(trained_model.load(run), form)


def fail(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "status": "failed"}))


@pytest.mark.parametrize(
    ("change", "words", "said"),
    [
        (lambda run: (run / "model.pt").write_bytes(b"junk"), [], "model.pt does not hold this run's weights"),
        (lambda run: torch.save({"a": torch.ones(1)}, run / "model.pt"), [], "do not fit the network"),
        (lambda run: (run / "samples.npz").unlink(), [], "by whose images an export is checked, is missing"),
        (
            lambda run: np.savez(run / "samples.npz", images=np.zeros((2, 3, 8, 8), np.uint8)),
            [],
            "does not hold images",
        ),
        (
            lambda run: np.savez(run / "samples.npz", images=np.zeros((0, 1, 8, 8), np.uint8)),
            [],
            "does not hold images",
        ),
        (fail, [], "not a completed run"),
        (lambda run: None, ["--output", "nowhere/model.onnx"], "The folder nowhere does not exist"),
        (lambda run: None, ["--output", "/proc/model.onnx"], "/proc is not writable .* another folder with --output"),
    ],
)
def test_a_run_that_cannot_be_exported_is_refused(copied, change, words, said):
    change(copied)
    before = sorted(copied.iterdir())
    with pytest.raises(InputError, match=said):
        main([str(copied), "--format", "pt2", *words])
    assert sorted(copied.iterdir()) == before


def test_an_unknown_format_is_refused(tmp_path):
    ended = ablate(tmp_path, "export", "run", "--format", "tensorflow")
    assert ended.returncode == 2 and "invalid choice: 'tensorflow' (choose from 'onnx'" in ended.stderr
