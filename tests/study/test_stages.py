"""A staged study: launched stage by stage, each look taken once, whatever is interrupted."""

import threading

import pytest

from ablate.runs import stages as log
from ablate.runs import study_plan
from ablate.study import stages
from tests.runs.test_stages import folders, plan

RUN = '{"schema": 1, "status": "completed", "config_sha256": "%s", "metrics": {"val_accuracy": 0.5}}'


@pytest.fixture
def study(tmp_path):
    """The folder of a planned study whose launcher writes records; `study.launched` are the folders of its launches."""

    class Study:
        folder, launched, fails = tmp_path, [], set()

        def launch(self, runs):
            self.launched.append([run.folder for run in runs])
            for run in runs:
                if run.folder not in self.fails:
                    (tmp_path / run.folder).mkdir(parents=True)
                    (tmp_path / run.folder / "run.json").write_text(RUN % run.config_sha256)

        def run(self, decide):
            stages.run(tmp_path, plan().runs, self.launch, decide)

        @property
        def looks(self):
            return log.read(tmp_path, plan())

    study_plan.write(tmp_path, plan())
    return Study()


VERDICTS = {1: {}, 2: {"a=2": "worse"}, 3: {}}


def test_each_look_is_taken_when_its_runs_are_done(study):
    asked = []

    def decide(folder, number):
        asked.append((number, sum(map(len, study.launched))))
        return VERDICTS[number]

    study.run(decide)
    assert study.launched == [
        folders(baseline=(7, 3), a2=(7, 3), a3=(7, 3)),
        folders(baseline=(5,), a2=(5,), a3=(5,)),
        folders(baseline=(1,), a3=(1,)),
    ]
    assert asked == [(1, 6), (2, 9), (3, 11)]
    assert [(look.seeds, look.decided) for look in study.looks] == [(2, {}), (3, {"a=2": "worse"}), (4, {})]
    study.run(lambda *_: pytest.fail("a finished study was looked at again"))
    assert study.launched[3:] == [[]]


def test_a_stage_waits_for_a_run_that_failed(study, caplog):
    study.fails = {"a=2/seed=3"}
    study.run(lambda *_: pytest.fail("a look was taken at an incomplete stage"))
    assert "no result for a=2/seed=3. Repeat the command" in caplog.text
    study.fails = set()
    study.run(lambda folder, number: VERDICTS[number])
    assert study.launched[1] == ["a=2/seed=3"]
    assert len(study.looks) == 3


def test_a_look_is_not_repeated_after_an_interruption(study):
    """Killed after the look was written, before the next runs were launched."""
    study.launch([run for run in plan().runs if run.seed in (7, 3)])
    assert stages.take_look(study.folder, 1, lambda *_: {"a=2": "worse"})
    asked = []
    study.run(lambda folder, number: asked.append(number) or {})
    assert asked == [2, 3]
    assert study.looks[0].decided == {"a=2": "worse"}
    assert not any("a=2/seed=5" in runs for runs in study.launched)


def test_two_processes_take_one_look(study):
    study.launch([run for run in plan().runs if run.seed in (7, 3)])
    asked, more, started = [], [], threading.Barrier(2)

    def decide(folder, number):
        asked.append(number)
        return VERDICTS[number]

    def look():
        started.wait()
        more.append(stages.take_look(study.folder, 1, decide))

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == [1]
    assert more == [True, True]  # the second one finds the look taken, and continues with the next stage
    assert len(study.looks) == 1


def test_progress_names_looks_and_decided_variants():
    assert stages.progress(plan(), []) == "Stages: looks after 2, 3, 4 seeds, 6 to 12 runs."
    taken = [log.StageLook(time="t", seeds=2, decided={"a=2": "worse"})]
    assert (
        stages.progress(plan(), taken) == "Stages: 1 of the looks after 2, 3, 4 seeds taken, 1 of 2 variants decided."
    )
    both = [log.StageLook(time="t", seeds=2, decided={"a=2": "worse", "a=3": "better"})]
    assert stages.progress(plan(), both).endswith("2 of 2 variants decided. No look is left.")
