"""What is known of a run before it trains."""

from ablate.runs import rerun_command


def test_the_rerun_command_is_a_shell_line_without_the_study():
    assert (
        rerun_command.rerun_command(["model=cnn", "study.name=x", "data.root=my data"])
        == "ablate train model=cnn 'data.root=my data'"
    )
    assert rerun_command.rerun_command(["study=tiny", "seed=1"]) == "ablate train study=tiny seed=1 hydra.mode=RUN"
