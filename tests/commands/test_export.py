"""Exported networks give the logits of the run in other programs; otherwise no file is written."""

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
    """An MLP with batch normalization, trained on digits with the mean and std of the training pixels."""
    folder = tmp_path_factory.mktemp("export") / "run"
    words = ("model=mlp", "model.hidden=[32]", "normalization=batch", "data.mean=null", "data.std=null", *SMALL)
    ended = ablate(folder.parent, "train", "hydra.run.dir=run", "trainer.precision=fp32", "trainer.device=cpu", *words)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def copied(run, tmp_path) -> Path:
    return shutil.copytree(run, tmp_path / "run", ignore=shutil.ignore_patterns("model.?*[!t]"))


def validation(run: Path) -> tuple[Tensor, np.ndarray]:
    """The validation images of the run, uint8 (N, 1, 8, 8), and its logits, saved as float16."""
    with np.load(run / "val_predictions.npz") as saved:
        return digits("train").images[saved["index"]], saved["logits"].astype(np.float32)


def assert_logits(actual: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(actual, expected, atol=2e-3 * np.abs(expected).max())  # float16 has 11 bits


def assert_metadata(metadata: dict, run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    assert {name: metadata[name] for name in record["inputs"]} == record["inputs"]
    assert metadata["classes"] == DIGITS and metadata["config_sha256"] == record["config_sha256"]
    assert metadata["network"]["model"]["hidden"] == [32]
    assert metadata["weights_sha256"] == hashlib.sha256((run / "model.pt").read_bytes()).hexdigest()


def decoded(metadata: dict[str, str]) -> dict:
    """Metadata of a format whose values are strings."""
    values = {
        name: json.loads(metadata[name]) for name in ("classes", "network", "channels", "image_size", "mean", "std")
    }
    return {**metadata, **values}


@pytest.mark.integration
@pytest.mark.skipif(
    not hasattr(torch.onnx, "ops"), reason="an older exporter cannot keep the batch size free: the verb refuses"
)
def test_onnx_runtime_predicts_uint8_images_of_any_batch_size(run, tmp_path):
    import onnx
    import onnxruntime

    ended = ablate(tmp_path, "export", str(run), "--format", "onnx", "--output", "net.onnx")
    assert ended.returncode == 0 and ended.stderr == "" and "net.onnx: on 16 images" in ended.stdout
    onnx.checker.check_model(tmp_path / "net.onnx", full_check=True)
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    (input,), (output,) = session.get_inputs(), session.get_outputs()
    assert (input.name, input.type, input.shape[1:]) == ("images", "tensor(uint8)", [1, 8, 8])
    assert (output.name, output.type, output.shape[1:]) == ("logits", "tensor(float)", [10])
    images, expected = validation(run)
    for count in (1, 2, len(images)):
        assert_logits(session.run(None, {"images": images[:count].numpy()})[0], expected[:count])
    metadata = session.get_modelmeta().custom_metadata_map
    assert_metadata(decoded(metadata), run)
    assert str(ROOT).encode() not in (tmp_path / "net.onnx").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.onnx"]


def test_pytorch_loads_a_pt2_file_without_this_package(copied):
    assert main([str(copied), "--format", "pt2"]) == 0
    content, extra_files = (copied / "model.pt2").read_bytes(), {export_formats.METADATA: ""}
    network = torch.export.load(io.BytesIO(content), extra_files=extra_files).module()
    assert_metadata(json.loads(extra_files[export_formats.METADATA]), copied)
    images, expected = validation(copied)
    with torch.no_grad():
        for count in (1, 2, len(images)):
            assert_logits(network(images[:count]).numpy(), expected[:count])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not [member for member in archive.namelist() if str(ROOT).encode() in archive.read(member)]


def test_safetensors_contain_the_weights_and_the_metadata(copied):
    import safetensors

    assert main([str(copied), "--format", "safetensors"]) == 0
    saved = torch.load(copied / "model.pt", weights_only=True)
    with safetensors.safe_open(copied / "model.safetensors", "pt") as file:
        assert set(file.keys()) == set(saved) and all(torch.equal(file.get_tensor(name), saved[name]) for name in saved)
        metadata = file.metadata()
    assert_metadata(decoded(metadata), copied)


class DataDependent(nn.Module):
    """A network whose control flow depends on the pixels, which torch.export cannot represent."""

    def forward(self, x: Tensor) -> Tensor:
        logits = x.flatten(1)[:, :10]
        return logits if bool((x == x[0, 0, 0, 0]).all()) else -logits


@pytest.mark.filterwarnings("ignore")
def test_a_network_that_cannot_be_exported_is_refused(run):
    loaded = replace(trained_model.load(run), model=DataDependent())
    with pytest.raises(InputError, match="cannot be exported as pt2"):
        export(loaded, "pt2")


@pytest.mark.integration
@pytest.mark.parametrize("format", ["onnx", "pt2"])
@pytest.mark.parametrize(("name", "norm", "act"), [("swin_t", layer, nn.GELU), ("shufflenet_v2_x0_5", batch, nn.ReLU)])
@pytest.mark.filterwarnings("ignore")
def test_networks_with_input_dependent_shapes_are_exported(run, tmp_path, format, name, norm, act):
    """Shifted windows with masks, shuffled channels: the export must not specialize them for the example input."""
    torch.manual_seed(0)
    network = torchvision_model(name, 10, 3, 32, norm(), act).eval()
    inputs = Inputs(tuple(DIGITS), 3, 32, torch.full((3,), 0.5), torch.full((3,), 0.5))
    loaded = trained_model.load(run)
    pixels = scaling(inputs.mean, inputs.std, torch.device("cpu"), torch.contiguous_format)
    images = torch.randint(0, 256, (5, 3, 32, 32), dtype=torch.uint8)
    np.savez(tmp_path / "samples.npz", images=images.numpy())
    exported = export(replace(loaded, folder=tmp_path, inputs=inputs, model=network, pixels=pixels), format)
    assert exported.images == 5 and exported.difference < 1e-5 * exported.largest


def test_no_file_is_written_if_the_check_fails(copied, monkeypatch):
    write, load = export_formats.FORMATS["safetensors"]

    def write_renamed(network: export_formats.Network, example: Tensor, metadata: dict) -> bytes:
        renamed = export_formats.Network(nn.Sequential(network.model), network.views, torch.ones(1), torch.ones(1))
        return write(renamed, example, metadata)

    def write_with_last_weight(value: float):
        last_weight = np.float32(value).tobytes()
        return lambda network, example, metadata: write(network, example, metadata)[:-4] + last_weight

    for faulty_write, message in (
        (write_renamed, "cannot be exported"),
        (write_with_last_weight(np.nan), "gives different logits"),
        (write_with_last_weight(1e3), "gives different logits"),
    ):
        monkeypatch.setitem(export_formats.FORMATS, "safetensors", (faulty_write, load))
        before = sorted(copied.iterdir())
        with pytest.raises(InputError, match=message):
            main([str(copied), "--format", "safetensors"])
        assert sorted(copied.iterdir()) == before


def test_an_existing_file_is_kept_without_force(copied, capsys):
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
    ("format", "package"),
    [("onnx", "onnxscript"), ("onnx", "onnxruntime"), ("onnx", "onnx"), ("safetensors", "safetensors")],
)
def test_a_missing_package_is_named_with_its_pip_command(run, monkeypatch, format, package):
    for name in [package, *(name for name in sys.modules if name.startswith(f"{package}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=rf"needs the package {package}\. Run: pip install 'hydra-ablate\[export\]'"):
        export(trained_model.load(run), format)


def mark_failed(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "status": "failed"}))


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (lambda run: (run / "model.pt").write_bytes(b"junk"), [], "model.pt does not hold this run's weights"),
        (lambda run: torch.save({"a": torch.ones(1)}, run / "model.pt"), [], "do not fit the network"),
        (lambda run: (run / "samples.npz").unlink(), [], "samples.npz is missing or damaged"),
        (
            lambda run: np.savez(run / "samples.npz", images=np.zeros((2, 3, 8, 8), np.uint8)),
            [],
            "samples.npz is missing or damaged",
        ),
        (
            lambda run: np.savez(run / "samples.npz", images=np.zeros((0, 1, 8, 8), np.uint8)),
            [],
            "samples.npz is missing or damaged",
        ),
        (mark_failed, [], "not a completed run"),
        (lambda run: None, ["--output", "nowhere/model.onnx"], "The folder nowhere does not exist"),
        (lambda run: None, ["--output", "/proc/model.onnx"], "/proc is not writable .* another folder with --output"),
    ],
)
def test_a_run_that_cannot_be_exported_is_refused(copied, change, arguments, message):
    change(copied)
    before = sorted(copied.iterdir())
    with pytest.raises(InputError, match=message):
        main([str(copied), "--format", "pt2", *arguments])
    assert sorted(copied.iterdir()) == before


def test_an_unknown_format_is_refused(tmp_path):
    ended = ablate(tmp_path, "export", "run", "--format", "tensorflow")
    assert ended.returncode == 2 and "invalid choice: 'tensorflow' (choose from 'onnx'" in ended.stderr
