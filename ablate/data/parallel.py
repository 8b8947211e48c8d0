"""Apply a function to many files in parallel processes.

Processes, not threads: decoding holds Python's global interpreter lock for much of its time, so that threads are slower
than a single one on small files.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import current_process, get_start_method
from typing import Any

from ablate.backend import parent_death, processes, signals
from ablate.backend.cpu_count import cpu_cores
from ablate.config import user_code
from ablate.terminal.errors import InputError
from ablate.terminal.text import by_number, plural

_CHUNK = 64  # files that a process takes at a time; fewer files are processed without starting a process
_NAMED = 5  # files named in an error; the others are counted


def map_files(function: Callable[[str], Any], files: list[str], title: str, chunk: int | None = None) -> Iterator[Any]:
    """Yield the function's result for each file, in order, behind a progress bar with a `title`.

    A process takes `chunk` files at a time, by default 64: fewer for large results, which wait in memory.

    Raises:
        InputError: it failed for some files. The error names the first few and counts all, so the remaining files are
            still tried, but no further result is yielded.
    """
    from ablate.terminal.progress import track

    failures = []
    attempted = track(attempts(function, files, chunk), title, len(files))
    for file, (result, reason) in zip(files, attempted, strict=True):
        if reason:
            failures.append(f"{file} ({reason})")
        elif not failures:
            yield result
    if failures:
        named = "; ".join(failures[:_NAMED]) + ("; ..." if len(failures) > _NAMED else "")
        count = f"{len(failures):,} of {plural(len(files), 'file')}"
        raise InputError(
            f"{count} cannot be read as images: {named}. Replace or remove {by_number(len(failures), 'it', 'them')}."
        )


def attempts(function: Callable[[str], Any], files: list[str], chunk: int | None = None) -> Iterator[tuple[Any, str]]:
    """Yield (result, "") or (None, reason of the failure) for each file, in order.

    The processes wait for a slow caller, so that results do not pile up in memory.
    """
    count = chunk or _CHUNK
    chunks = [files[start : start + count] for start in range(0, len(files), count)]
    attempt = partial(_attempt, function)
    # A daemonic process may not start others.
    if len(chunks) < 2 or current_process().daemon:
        for part in chunks:
            yield from attempt(part)
        return
    # The parent of a worker is this process, unless a fork server started it.
    parent = os.getpid() if get_start_method() != "forkserver" else None
    initial = (user_code.importable(), parent)
    pool = ProcessPoolExecutor(cpu_cores(), initializer=_set_up_process, initargs=initial)
    submitted: deque[Future[list[tuple[Any, str]]]] = deque()
    try:
        for part in chunks:
            # One running and one finished chunk per process: all at once could fill the memory.
            if len(submitted) >= 2 * cpu_cores():
                yield from submitted.popleft().result()
            submitted.append(pool.submit(attempt, part))
        while submitted:
            yield from submitted.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _set_up_process(user_modules: set[str], parent: int | None) -> None:
    """Set up a process (forked or spawned): allow imports of the modules that may define the function."""
    signals.ignore("SIGINT")  # an interrupt reaches all processes, but only the parent handles it
    if parent is not None:
        parent_death.signaled(processes.KILL, parent)
    user_code.allow(user_modules)


def _attempt(function: Callable[[str], Any], files: list[str]) -> list[tuple[Any, str]]:
    """Return (result, "") or (None, reason of the failure) for each file."""
    results = []
    for file in files:
        try:
            results.append((function(file), ""))
        except Exception as error:  # PIL raises many kinds for damaged files; each is reported with the file's name
            results.append((None, str(error) or type(error).__name__))
    return results
