"""One benchmark for a GPU: nine parts, one table, at most eight minutes.

    python benchmarks/gpu.py --images FOLDER_OR_TAR [--out FOLDER] [--only speedrun,tests] [--size small]

Images: train/<class>/* and test/<class>/*, a folder or a tar archive of it. The package need not be installed. Each
part (a module in `gpu_parts/`) is a process with a time limit. Its rows are printed when they are measured and kept in
FOLDER/gpu.md and FOLDER/gpu.json, also when it fails or is stopped; FOLDER/<part>.log has its error output. A part may
use the time that earlier parts did not need. `--size small` runs every part at a small size, on a CPU too, to find
errors before a GPU is used; its limit is an hour. Exit status 1 if a part failed.
"""

import argparse
import json
import os
import site
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from gpu_parts.process import run
from gpu_parts.table import Table

ROOT = Path(__file__).resolve().parents[1]
SECONDS = {"full": 480, "small": 3600}  # for everything
CLEANUP = 0.03  # share of the time that is kept for the end
# Module of each part, and its share of the time in seconds; the most important part first.
FIRST = {"machine": 20, "images": 55}
PARTS = {
    "speedrun": ("speedrun", 55),
    "steps": ("launches", 35),
    "resnet50": ("resnet50", 45),
    "tests": ("cuda_tests", 50),
    "packing": ("packing", 65),
    "determinism": ("determinism", 50),
    "notebook": ("notebook", 90),
    "compile": ("compile", 45),
    "devices": ("devices", 40),
}


def deadlines(chosen: list[str], seconds: float) -> dict[str, float]:
    """Return the seconds from the start until each part must end: its share of the time after those before it."""
    shares = {**FIRST, **{part: PARTS[part][1] for part in chosen}}
    unit, ends, end = seconds * (1 - CLEANUP) / sum(shares.values()), {}, 0.0
    for part, share in shares.items():
        end += unit * share
        ends[part] = end
    return ends


def environment(scratch: Path) -> None:
    """Set what all processes need: the package on the path, and folders that can be written."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.environ["PYTHONUSERBASE"] = site.getuserbase()  # packages installed there, which Python looks for under HOME
    for name, folder in {"ABLATE_CACHE": "cache", "TORCHINDUCTOR_CACHE_DIR": "inductor", "TRITON_CACHE_DIR": "triton",
                         "HOME": "home", "TMPDIR": "tmp", "MPLCONFIGDIR": "home"}.items():  # fmt: skip
        os.environ[name] = str(scratch / "environment" / folder)
        Path(os.environ[name]).mkdir(parents=True, exist_ok=True)
    os.environ.update({"PYTHONUNBUFFERED": "1", "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"})


def commit() -> str:
    """Return the commit of this checkout."""
    try:
        git = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(git, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown (no git)"


def measure(table: Table, source: Path, small: bool, ends: dict[str, float], began: float) -> bool:
    """Run the parts one after another, each until its deadline; return True if none failed."""
    failed = set()
    with tempfile.TemporaryDirectory(prefix="ablate-gpu-", ignore_cleanup_errors=True) as scratch:
        environment(Path(scratch))
        folder = Path(scratch) / "empty"  # Python looks for modules in the working folder first
        folder.mkdir()
        settings = {"small": small, "source": str(source), "scratch": scratch}

        def add(row: dict) -> None:
            if row.get("failed"):
                failed.add(part)
            table.add(part, row)

        for part, end in ends.items():
            module = f"benchmarks.gpu_parts.{PARTS[part][0] if part in PARTS else part}"
            log, deadline = table.folder / f"{part}.log", began + end
            command = [sys.executable, "-m", module, json.dumps({**settings, "deadline": deadline})]
            reason = run(command, folder, log, deadline, table.describe if part == "machine" else add)
            if reason:
                add({"what": "failed", "value": f"{reason} ({log.name})", "failed": True})
    return not failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--out", type=lambda text: Path(text).resolve(), default=Path("outputs/gpu").resolve())
    parser.add_argument("--only", default=",".join(PARTS), help=f"comma-separated parts, from {', '.join(PARTS)}")
    parser.add_argument("--size", choices=SECONDS, default="full")
    parser.add_argument("--seconds", type=float, help="time limit for everything (default: 480; 3600 if small)")
    args = parser.parse_args()
    chosen = args.only.split(",")
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no part is named {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    if not args.images.exists():
        parser.error(f"{args.images} does not exist")
    began, limit = time.monotonic(), SECONDS[args.size] if args.seconds is None else args.seconds
    started = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    facts = {"command": " ".join(["python", *sys.argv]), "size": args.size, "commit": commit(), "started": started}
    table = Table(args.out, facts)
    complete = measure(table, args.images, args.size == "small", deadlines(chosen, limit), began)
    seconds = time.monotonic() - began
    goal = {"goal": f"at most {limit:.0f} s", "reached": seconds <= limit}
    table.add("total", {"what": "from start to end", "value": f"{seconds:.0f} s", **goal})
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
