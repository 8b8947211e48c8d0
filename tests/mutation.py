"""How many small mistakes the tests notice: `python -m tests.mutation MODULE.py ... [--count 10] [--seed 0]`.

Each mutant is a module with one random change: another comparison, operator or constant, a negated condition, or an
argument left out. It is caught if a test in the module's own files (tests/X/test_Y*.py for ablate/X/Y.py) fails, or
takes five times as long. Some survivors are equivalent to the original: read each. Run by hand; it takes minutes.
"""

import argparse
import ast
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("ablate", "analysis", "conf", "hydra_plugins", "tests", "docs", "notebooks", "pyproject.toml")
PAIRS = "Lt LtE, Gt GtE, Eq NotEq, Is IsNot, In NotIn, And Or, Add Sub, Mult Div, FloorDiv Mult, Pow Mult, BitAnd BitOr"
SWAPS = {name: other for pair in PAIRS.split(", ") for name, other in (pair.split(), pair.split()[::-1])}
SWAPS |= {"Mult": "Div"}


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
    if isinstance(node, ast.Call) and node.args:
        yield node, "args", node.args[:-1]
    for keyword in node.keywords if isinstance(node, ast.Call) else ():
        if keyword.arg != "strict":
            yield node, "keywords", [other for other in node.keywords if other is not keyword]


def evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below this one, but for type annotations and `strict=True`, which a correct program does not need."""
    node_fields = [(name, value if isinstance(value, list) else [value]) for name, value in ast.iter_fields(node)]
    for child in (child for name, values in node_fields if name not in ("annotation", "returns") for child in values):
        if isinstance(child, ast.AST) and getattr(child, "arg", None) != "strict":
            yield child
            yield from evaluated(child)


def mutants(source: str, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """`count` random mutants of the source, each with a line that describes it."""
    tree = ast.parse(source)
    possible = [change for node in evaluated(tree) for change in changes(node)]
    for node, field, value in random.Random(seed).sample(possible, min(count, len(possible))):
        original, before = getattr(node, field), ast.unparse(node).partition("\n")[0]
        setattr(node, field, value)
        yield ast.unparse(tree), f"line {node.lineno}: {before}  ->  {ast.unparse(node).partition(chr(10))[0]}"
        setattr(node, field, original)


def passes(folder: Path, tests: list[str], limit: float | None = None) -> bool:
    """Whether the tests pass in that copy of the tree, within so many seconds."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests]
    settings = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        command, cwd=folder, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        return process.wait(limit) == 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return False


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
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in COPIED:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, folder / part, **({"symlinks": True} if copy is shutil.copytree else {}))
        for module in options.modules:
            tests, started = own_tests(module), time.monotonic()
            assert tests and passes(folder, tests), f"The tests of {module} do not pass without a change: {tests}"
            limit, original = 10 + 5 * (time.monotonic() - started), (folder / module).read_text()
            for mutant, line in mutants(original, options.count, options.seed):
                (folder / module).write_text(mutant)
                results.append(not passes(folder, tests, limit))
                print("caught  " if results[-1] else "survived", module, line, flush=True)
            (folder / module).write_text(original)
    print(f"{sum(results)} of {len(results)} caught ({100 * sum(results) / len(results):.0f} %).")


if __name__ == "__main__":
    main()
