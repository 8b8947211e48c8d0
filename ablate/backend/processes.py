"""How worker processes are started and ended, also on systems without fork or without signals."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.context import ForkContext, SpawnContext

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # on Windows, SIGTERM ends a process at once


def context() -> "ForkContext | SpawnContext":
    """How to start workers: by fork where that is safe, so that they share imported modules and images.

    Otherwise they are spawned: Windows has no fork, and libraries of macOS do not survive one.
    """
    forks = "fork" in get_all_start_methods() and sys.platform != "darwin"
    return get_context("fork") if forks else get_context("spawn")


@dataclass(frozen=True)
class ByValue:
    """A function that a spawned process receives by value, since it may be nested, decorated or that of a script."""

    function: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        """Call it."""
        return self.function(*arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        import cloudpickle  # type: ignore[import-untyped]  # installed where workers are spawned

        return cloudpickle.loads, (cloudpickle.dumps(self.function),)


def leave_group() -> None:
    """Make this process the leader of a group, so that Ctrl-C reaches only its parent; not on Windows."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)


def interrupt(pid: int) -> None:
    """Interrupt a worker process that has left the group; on Windows, Ctrl-C has reached it already."""
    if hasattr(os, "setpgid"):
        os.kill(pid, signal.SIGINT)


def stop(process: subprocess.Popen[str]) -> None:
    """Interrupt a process; on Windows, which sends no SIGINT, end it: training resumes from its last checkpoint."""
    process.send_signal(signal.SIGINT) if hasattr(os, "setpgid") else process.terminate()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and those that it started; on Windows, the process alone. Raises ProcessLookupError."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, KILL)
    else:
        process.kill()


def cause(status: int) -> str:
    """How a process with this exit status ended, as the end of a sentence."""
    if status == -KILL:
        return "was killed (SIGKILL), possibly because memory ran out"
    return f"ended with {signal.Signals(-status).name if status < 0 else f'exit status {status}'}"
