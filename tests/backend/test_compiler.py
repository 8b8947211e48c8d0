import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch

from ablate.backend.compiler import compiled, remove_compiler_wrappers

RUN = """
import sys
from ablate.commands.train import main
main(sys.argv[1:])
print(sorted({"torch._dynamo", "sklearn", "pandas", "torchvision"} & set(sys.modules)))
"""


@pytest.mark.integration
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop", "muon"])
def test_a_run_imports_no_slow_module_that_it_does_not_need(optimizer: str, tmp_path: Path) -> None:
    words = ["data=digits", "model=mlp", "trainer.epochs=1", "trainer.device=cpu", f"optimizer={optimizer}"]
    words.append(f"hydra.run.dir='{tmp_path}/run'")
    ended = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True)
    assert ended.stdout == "[]\n", ended.stderr


@pytest.mark.parametrize("differentiable", [False, True])
def test_a_step_records_gradients_only_if_differentiable(differentiable: bool) -> None:
    remove_compiler_wrappers(torch.optim.SGD)
    start = torch.ones(1, requires_grad=True)
    weight = start.clone() if differentiable else start
    optimizer = torch.optim.SGD([weight], 0.1, differentiable=differentiable)
    weight.grad = torch.full((1,), 2.0)
    optimizer.step()
    assert weight.item() == pytest.approx(0.8)
    assert (weight.grad_fn is not None) == differentiable


def test_other_wrappers_are_left_unchanged() -> None:
    class Kind:
        @torch.no_grad()
        def evaluate(self) -> bool:
            return torch.is_grad_enabled()

    before = Kind.evaluate
    remove_compiler_wrappers(Kind)
    assert Kind.evaluate is before
    assert not Kind().evaluate()


def test_each_batch_size_is_compiled_separately_in_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts compilations; by default PyTorch compiles for dynamic shapes from the second size on."""
    from torch._dynamo.testing import CompileCounter

    counter = CompileCounter()
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=counter))
    for run in (1, 2):
        forward = compiled(torch.nn.Linear(2, 2))
        for size in (4, 3, 5, 4, 3):
            forward(torch.zeros(size, 2))
        assert counter.frame_count == 3 * run
    torch.compiler.reset()
