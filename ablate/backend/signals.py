"""What this process does when a signal asks it to stop. Signals that the system lacks (Windows) are left out."""

import signal


def interrupt_when_stopped() -> None:
    """`kill` and a closed terminal interrupt this process like Ctrl-C, so that a run stops after a checkpoint."""
    interrupt("SIGTERM")
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # not ignored, as by `nohup`
        interrupt("SIGHUP")


def interrupt(*names: str) -> None:
    """These signals raise KeyboardInterrupt in the main thread."""
    for name in names:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)


def ignore(*names: str) -> None:
    """These signals have no effect."""
    for name in names:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
