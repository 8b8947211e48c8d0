"""How many small mistakes the tests notice: `python -m tests.mutation MODULE.py ... [--count 10] [--seed 0]`.

Each mutant is a module with one random change: another comparison, operator or constant, a negated condition, or a
keyword argument left out. It is caught if a test in the module's own files (tests/X/test_Y*.py for ablate/X/Y.py)
fails, or takes five times as long. Some survivors are equivalent to the original: read each. Run by hand.
"""

import argparse
import ast
import importlib
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("ablate", "analysis", "conf", "hydra_plugins", "tests", "docs", "notebooks", "pyproject.toml")
PAIRS = "Lt LtE, Gt GtE, Eq NotEq, Is IsNot, In NotIn, And Or, Add Sub, Mult Div, FloorDiv Mult, Pow Mult, BitAnd BitOr"
SWAPS = {name: other for pair in PAIRS.split(", ") for name, other in (pair.split(), pair.split()[::-1])}
SWAPS |= {"Mult": "Div"}
CHECKS = ("strict", "frozen", "kw_only")  # keywords that change nothing in a correct program
IMPORTED = ("torch", "pandas", "scipy.stats", "statsmodels.api", "sklearn.metrics", "hydra", "rich",
            "matplotlib.pyplot", "hypothesis", "pytest", "msgspec", "rich.progress")  # fmt: skip
WALL = 900  # seconds for the tests of one mutant, in case it waits for ever


def changes(node: ast.AST) -> Iterator[tuple[ast.AST, str, object]]:
    """(node, field, new value) for each change of this node."""
    operator = type(node.ops[0] if isinstance(node, ast.Compare) else getattr(node, "op", None)).__name__
    if operator in SWAPS:
        other = getattr(ast, SWAPS[operator])()
        yield (node, "ops", [other, *node.ops[1:]]) if isinstance(node, ast.Compare) else (node, "op", other)
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        yield node, "value", not node.value if isinstance(node.value, bool) else node.value + 1
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield node, "test", ast.UnaryOp(ast.Not(), node.test)
    for keyword in node.keywords if isinstance(node, ast.Call) else ():
        if keyword.arg not in CHECKS:
            yield node, "keywords", [other for other in node.keywords if other is not keyword]


def evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below this one, without what a correct program does not need: annotations, `strict`, `frozen` etc."""
    skipped = ("annotation", "returns", *(["keywords"] if isinstance(node, ast.ClassDef) else []))
    node_fields = [(name, value if isinstance(value, list) else [value]) for name, value in ast.iter_fields(node)]
    for child in (child for name, values in node_fields if name not in skipped for child in values):
        if isinstance(child, ast.AST) and getattr(child, "arg", None) not in CHECKS:
            yield child
            yield from evaluated(child)


def mutants(source: str, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """`count` random mutants of the source, each with a line that describes it."""
    tree = ast.parse(source)
    possible = [change for node in evaluated(tree) for change in changes(node)]
    if "pathlib" in source:  # where `/` joins paths, and any other operator fails at once
        possible = [change for change in possible if not isinstance(getattr(change[0], "op", None), ast.Div)]
    for node, field, value in random.Random(seed).sample(possible, min(count, len(possible))):
        original, before = getattr(node, field), ast.unparse(node).partition("\n")[0]
        setattr(node, field, value)
        yield ast.unparse(tree), f"line {node.lineno}: {before}  ->  {ast.unparse(node).partition(chr(10))[0]}"
        setattr(node, field, original)


def result(folder: Path, tests: list[str], limit: float) -> str:
    """`passed`, `failed` or `timed out`: the tests in that copy of the tree, within so many seconds of CPU time."""
    process = multiprocessing.get_context("fork").Process(target=run_tests, args=(folder, tests, limit))
    process.start()
    process.join(WALL)
    timed_out = process.exitcode in (None, -signal.SIGXCPU, -signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.killpg(process.pid or 0, signal.SIGKILL)  # and whatever the tests started
    process.join()
    return "timed out" if timed_out else "failed" if process.exitcode else "passed"


def run_tests(folder: Path, tests: list[str], limit: float) -> None:
    """Run the tests in this process, a fork that has the libraries imported but nothing of this project."""
    import pytest

    os.setsid()
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit)))
    for descriptor in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    os.environ.update(PYTHONPATH=str(folder), OMP_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1")
    sys.dont_write_bytecode = True
    sys.modules.pop("tests")
    sys.path[:] = [str(folder), *(path for path in sys.path if path not in ("", str(ROOT)))]
    sys.exit(pytest.main(["-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests]))


def own_tests(module: Path) -> list[str]:
    """The test files of a module, relative to the root."""
    room = Path(*module.parent.parts[1:]) if module.parts[0] == "ablate" else module.parent
    return [str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests" / room).glob(f"test_{module.stem}*.py"))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in IMPORTED:
        importlib.import_module(name)
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in COPIED:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, folder / part, **({"symlinks": True} if copy is shutil.copytree else {}))
        for module in options.modules:
            tests, before = own_tests(module), cpu_seconds()
            unchanged = result(folder, tests, WALL) if tests else "missing"
            if unchanged != "passed":
                sys.exit(f"The tests of {module} are {unchanged} without a change: {tests}")
            limit, original = 10 + 5 * (cpu_seconds() - before), (folder / module).read_text()
            for mutant, line in mutants(original, options.count, options.seed):
                (folder / module).write_text(mutant)
                results.append(result(folder, tests, limit))
                print(
                    {"passed": "survived", "failed": "caught"}.get(results[-1], results[-1]).ljust(9),
                    module,
                    line,
                    flush=True,
                )
            (folder / module).write_text(original)
    caught = len(results) - results.count("passed")
    print(f"{caught} of {len(results)} caught ({100 * caught / len(results):.0f} %).")


def cpu_seconds() -> float:
    """CPU time of the processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
