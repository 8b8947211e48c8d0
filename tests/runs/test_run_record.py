"""run.json is read with care, and written with the keys that its status has."""

import json

import pytest

from ablate.runs import run_record
from ablate.runs.record_parts import Environment, EpochCount, GitState, ImageCounts, Inputs, PeakMemory, Seconds
from ablate.runs.run_record import RunRecord
from ablate.terminal.errors import InputError


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "has no run.json"),
        ("{", "cannot be read"),
        ("[1]", "schema"),
        ('{"schema": 99, "status": "completed"}', "schema 1"),
        ('{"schema": 1, "status": "excellent"}', "excellent"),
    ],
)
def test_what_is_not_a_record_is_refused_by_name(tmp_path, content, message):
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match=message):
        run_record.read(tmp_path)


def test_a_study_or_a_file_in_place_of_a_run_is_refused(tmp_path):
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(InputError, match="is a study. Pass one of its runs"):
        run_record.read(tmp_path)
    with pytest.raises(InputError, match="study.json has no run.json: it is not a run folder"):
        run_record.read(tmp_path / "study.json")


def test_what_is_written_is_read(tmp_path):
    record = RunRecord(
        status="completed", study="s", variant="baseline", factors={"model": "a"}, seed=3, config_sha256="c",
        settings_sha256="d", code_sha256="e", own_code={"my.py": "f"}, git=GitState(commit="0a", dirty=True),
        rerun="ablate train", epochs=EpochCount(planned=3, done=2),
        environment=Environment(python="3.11", hydra_ablate="0.1", threads=1, earlier=[{"torch": "2.6"}]),
        data_sha256="g", classes=["x", "y"], inputs=Inputs(channels=3, image_size=8, mean=[0.5], std=[0.2]),
        images=ImageCounts(training=4, validation=2, selection=0, evaluation=2),
        seconds=Seconds(setup=0.5, train=2.0, write=0.1, total=2.6), peak_memory=PeakMemory(process=9.0),
        parameters=10, macs=20, metrics={"val_accuracy": 0.75}, selection="last",
    )  # fmt: skip
    run_record.write(tmp_path, record)
    assert run_record.read(tmp_path) == record
    content = json.loads((tmp_path / "run.json").read_text())
    assert content["environment"]["hydra-ablate"] == "0.1" and content["error"] is None
    assert (record.val_accuracy, record.planned_epochs, record.done_epochs) == (0.75, 3, 2)
    assert (record.total_seconds, record.commit) == (2.6, "0a")


def test_any_text_in_a_record_can_be_read_back(tmp_path):
    """Half a surrogate pair, of a file name in Latin-1, is escaped wherever it is."""
    half, shown = "caf\udce9\n", "caf\\udce9\n"
    record = RunRecord(
        status="failed", app=half, study=half, variant=half, factors={half: half}, git=GitState(commit=half),
        rerun=half, environment=Environment(cpu=half, earlier=[{half: half}]), classes=[half], metrics={half: 1.0},
        error=half,
    )  # fmt: skip
    run_record.write(tmp_path, record)
    read = run_record.read(tmp_path)
    assert (read.app, read.study, read.variant, read.rerun, read.error) == (shown,) * 5
    assert read.factors == {shown: shown} and read.metrics == {shown: 1.0} and read.classes == [shown]
    assert read.environment == Environment(cpu=shown, earlier=[{shown: shown}]) and read.git.commit == shown


def test_a_run_that_starts_has_no_keys_of_a_result(tmp_path):
    """Keys that are known before training are written although they are null, those of a result are not."""
    run_record.write(tmp_path, RunRecord(status="running", seed=1, environment=Environment(python="3.11")))
    content = json.loads((tmp_path / "run.json").read_text())
    assert content["study"] is None and content["git"] is None and "earlier" not in content["environment"]
    assert not {"metrics", "seconds", "error", "classes", "parameters"} & set(content)
    record = run_record.read(tmp_path)
    assert (record.val_accuracy, record.planned_epochs, record.done_epochs) == (None, None, None)
    assert (record.total_seconds, record.commit) == (None, None)


def test_a_commit_is_of_unchanged_files_unless_it_says_otherwise(tmp_path):
    (tmp_path / "run.json").write_text('{"schema": 1, "status": "running", "git": {"commit": "0a"}}')
    assert run_record.read(tmp_path).git == GitState(commit="0a", dirty=False)


@pytest.mark.parametrize(
    ("status", "has_result"),
    [("running", False), ("completed", True), ("diverged", True), ("pruned", True), ("failed", False),
     ("interrupted", False)],
)  # fmt: skip
def test_a_result_is_a_completed_a_diverged_or_a_pruned_run(status, has_result):
    record = RunRecord(status=status, error="It stopped.")
    assert record.has_result is has_result and run_record.as_dict(record)["error"] == "It stopped."
    assert ("error" in run_record.as_dict(RunRecord(status=status))) is has_result


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, "seed is -1, but must be a whole number of at least 0"),
        ({"epochs": {"planned": 1.5}}, r"epochs\.planned is 1\.5, but must be a whole number"),
        ({"inputs": {"channels": 0, "image_size": 8, "mean": [], "std": []}}, r"inputs\.channels is 0, .* at least 1"),
        ({"images": {"training": 4}}, r"lacks images\.validation\. Retrain the run"),
        ({"metrics": {"val_accuracy": "high"}}, "metrics is .* but must be an object whose values are"),
        ({"parameters": 10**400}, "parameters is 1000.*, but must be a whole number of at most 9223372036854775807"),
        ({"speed": 3}, "has the unknown key 'speed': it was written by a newer version"),
        ({"own_code": {"/etc/hostname": "0"}}, "own_code has the file '/etc/hostname', expected a path inside the run"),
        ({"own_code": {"net.py": "0", "../run.json": "0"}}, r"own_code has the file '\.\./run\.json'"),
        ({"own_code": {"C:\\net.py": "0"}}, "own_code has the file 'C:"),
    ],
)
def test_a_value_that_cannot_be_is_named(tmp_path, changes, message):
    (tmp_path / "run.json").write_text(json.dumps({"schema": 1, "status": "completed", **changes}))
    with pytest.raises(InputError, match=message):
        run_record.read(tmp_path)


def test_a_record_without_its_status_is_refused(tmp_path):
    (tmp_path / "run.json").write_text('{"schema": 1}')
    with pytest.raises(InputError, match=r"lacks status\. Retrain the run"):
        run_record.read(tmp_path)


def test_a_record_of_more_than_four_mebibytes_is_refused(tmp_path):
    def write(size: int) -> None:
        start = '{"schema": 1, "status": "failed", "error": "'
        (tmp_path / "run.json").write_text(start + "x" * (size - len(start) - 2) + '"}')

    write(4 * 2**20)
    assert run_record.read(tmp_path).status == "failed"
    write(4 * 2**20 + 1)
    with pytest.raises(InputError, match="more than"):
        run_record.read(tmp_path)


def test_a_record_may_have_65536_values_and_no_more(tmp_path):
    """As documented in docs/security.md. The object, the list and 2 + 65,532 commas make 65,536."""
    for count, allowed in ((65_533, True), (65_534, False)):
        (tmp_path / "run.json").write_text(
            '{"schema": 1, "status": "running", "classes": [' + ",".join(['"c"'] * count) + "]}"
        )
        if allowed:
            assert len(run_record.read(tmp_path).classes) == count
        else:
            with pytest.raises(InputError, match="more than the limit of 65,536"):
                run_record.read(tmp_path)
