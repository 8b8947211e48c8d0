"""One benchmark for a GPU: seven parts, one table, at most eight minutes.

    python benchmarks/gpu.py --images FOLDER_OR_TAR [--out FOLDER] [--only speedrun,tests] [--size small]

Images: train/<class>/* and test/<class>/*, a folder or a tar archive of it. The package need not be installed. Each
part (`gpu_parts.py`) is a process with a time limit; its rows are printed when they are measured and kept in
FOLDER/gpu.md and FOLDER/gpu.json, also when it fails or is stopped; FOLDER/<part>.log has its stderr. `--size small`
runs every part at a small size, on a CPU too, to find errors before a GPU is used. Exit status 1 if a part failed.
"""

import argparse
import json
import os
import queue
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MINUTES = 8.0  # for everything
# Each part and its time limit in seconds, the most important first.
PARTS = {
    "tests": 70,
    "speedrun": 100,
    "determinism": 110,
    "packing": 100,
    "notebook": 120,
    "resnet50": 60,
    "compile": 120,
}
PREPARATION = 90  # seconds to decode the images and to look at the machine
FEW = {"small": 24, "few": 200}  # images of each class in a smaller copy


class Table:
    """The rows so far, on the screen and in two files that are always whole."""

    def __init__(self, folder: Path, command: str) -> None:
        self.folder, self.machine, self.rows = folder, {"command": command}, []
        folder.mkdir(parents=True, exist_ok=True)

    def describe(self, facts: dict) -> None:
        """Facts about the machine, for the head of the table."""
        self.machine.update(facts)
        for name, value in facts.items():
            print(f"{name}: {value}", flush=True)
        print(f"\n{HEAD}", flush=True)
        self.write()

    def add(self, row: dict) -> None:
        """A row: part, what, value, goal, reached (True, False, None)."""
        self.rows.append(row)
        print(line(row), flush=True)
        self.write()

    def write(self) -> None:
        """Both files, each replaced as a whole."""
        head = "\n".join(f"- {name}: {value}" for name, value in self.machine.items())
        table = "\n".join([HEAD, *map(line, self.rows)])
        whole = json.dumps({"machine": self.machine, "rows": self.rows}, indent=1)
        for name, text in {"gpu.md": f"{head}\n\n{table}\n", "gpu.json": whole + "\n"}.items():
            part = self.folder / f".{name}.part"
            part.write_text(text)
            part.replace(self.folder / name)


HEAD = "| part | what | figure | goal | reached |\n|---|---|---|---|---|"


def line(row: dict) -> str:
    """A row of the table in Markdown."""
    reached = {True: "yes", False: "no", None: ""}[row.get("reached")]
    cells = (row["part"], row["what"], row["value"], row.get("goal", ""), reached)
    return "| " + " | ".join(" ".join(str(cell).split()).replace("|", "/") for cell in cells) + " |"


def run(part: str, settings: dict, limit: float, table: Table) -> bool:
    """Run a part as a process; False if it failed, was stopped, or one of its rows is a failure."""
    began, good = time.monotonic(), True
    command = [sys.executable, str(ROOT / "benchmarks/gpu_parts.py"), part, json.dumps(settings)]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True, cwd=settings["empty"]
        )
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=read, args=(process.stdout, lines), daemon=True).start()
        stopped = False
        try:
            while (text := lines.get(timeout=max(0.1, began + limit - time.monotonic()))) is not None:
                row = json.loads(text)
                if part == "machine":
                    table.describe(row)
                else:
                    good &= not row.get("failed")
                    table.add({"part": part, **row})
            process.wait(timeout=max(0.1, began + limit - time.monotonic()))
        except (queue.Empty, subprocess.TimeoutExpired):
            stopped = True
        finally:
            end(process)
        errors.seek(0)
        said = errors.read().strip()
    (table.folder / f"{part}.log").write_text(said + "\n")
    if stopped or process.returncode:
        last = said.splitlines()[-1] if said else f"exit status {process.returncode}"
        reason = f"stopped after {limit:.0f} s" if stopped else last
        table.add({"part": part, "what": "failed", "value": f"{reason} ({part}.log)", "failed": True})
        return False
    return good


def read(stream, lines: queue.Queue) -> None:
    """Pass on the rows of a part, which begin with a brace, then None."""
    for text in stream:
        if text.startswith("{"):
            lines.put(text)
    lines.put(None)


def end(process: subprocess.Popen) -> None:
    """End a part and every process that it started in its session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def unpacked(source: Path, scratch: Path) -> Path:
    """The folder that holds train/ and test/: `source`, or where its archive was unpacked."""
    if source.is_dir():
        return source
    with tarfile.open(source) as archive:
        archive.extractall(scratch / "images", filter="data")
    return next(path.parent for path in sorted((scratch / "images").rglob("train")) if path.is_dir())


def fewer(root: Path, count: int, copy: Path) -> Path:
    """A copy of the first images of each class."""
    for part in ("train", "test"):
        for folder in sorted(path for path in (root / part).iterdir() if path.is_dir()):
            (copy / part / folder.name).mkdir(parents=True)
            for image in sorted(folder.iterdir())[:count]:
                (copy / part / folder.name / image.name).write_bytes(image.read_bytes())
    return copy


def environment(scratch: Path) -> None:
    """What this process and all others need: the package, and folders that can be written."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    for name, folder in {"ABLATE_CACHE": "cache", "TORCHINDUCTOR_CACHE_DIR": "inductor", "TRITON_CACHE_DIR": "triton",
                         "HOME": "home", "TMPDIR": "tmp", "MPLCONFIGDIR": "home"}.items():  # fmt: skip
        os.environ[name] = str(scratch / "environment" / folder)
        Path(os.environ[name]).mkdir(parents=True, exist_ok=True)
    os.environ.update({"PYTHONUNBUFFERED": "1", "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"})


def commit() -> str:
    """The commit of this checkout, or that there is none."""
    try:
        git = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown (no git)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--out", type=lambda text: Path(text).resolve(), default=Path("outputs/gpu").resolve())
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts, with commas; of {', '.join(PARTS)}")
    parser.add_argument("--size", choices=("full", "small"), default="full")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    given = parser.parse_args()
    chosen = given.only.split(",")
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    began, good = time.monotonic(), True
    table = Table(given.out, " ".join(["python", *sys.argv]))

    def left() -> float:
        return began + 60 * given.minutes - time.monotonic()

    with tempfile.TemporaryDirectory(prefix="ablate-gpu-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        environment(scratch)
        started = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        table.machine.update({"size": given.size, "commit": commit(), "started": started})
        root = unpacked(given.images, scratch)
        (scratch / "empty").mkdir()  # Python looks for modules in the current folder first
        places = {name: str(scratch / name) for name in ("few", "empty")}
        settings = {"small": given.size == "small", "scratch": folder, **places}
        fewer(root, FEW["small" if settings["small"] else "few"], scratch / "few")
        settings["root"] = settings["few"] if settings["small"] else str(root)
        for part in ("machine", "images"):
            good &= run(part, settings, min(PREPARATION, left()), table)
        for part in chosen:
            limit = min(PARTS[part] if given.size == "full" else 600, left())
            if limit < 5:
                table.add({"part": part, "what": "failed", "value": "no time left", "failed": True})
                good = False
            else:
                good &= run(part, settings, limit, table)
        table.add({"part": "total", "what": "from start to end", "value": f"{time.monotonic() - began:.0f} s",
                   "goal": f"at most {60 * given.minutes:.0f} s", "reached": left() >= 0})  # fmt: skip
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
