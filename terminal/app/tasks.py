"""Long work with progress and cancel, shown in the status bar and never in a modal."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from enum import Enum


class TaskState(Enum):
    """Where a task stands."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class TaskCancelled(Exception):
    """Raised by :meth:`Task.report` in the worker once a person has cancelled."""


class Task:
    """One piece of work. The worker calls :meth:`report`; anyone reads the state; anyone cancels."""

    def __init__(self, title: str, changed: Callable[[], None]) -> None:
        self.title = title
        self.state = TaskState.RUNNING
        self.note = ""
        self.error = ""
        self._done: float | None = None
        self._cancel = threading.Event()
        self._changed = changed

    @property
    def fraction(self) -> float | None:
        """From 0 to 1, or None while nobody knows."""
        return self._done

    @property
    def cancel_asked(self) -> bool:
        """Whether a person has cancelled."""
        return self._cancel.is_set()

    def report(self, fraction: float | None, note: str = "") -> None:
        """The worker's progress; raises TaskCancelled when a person has cancelled."""
        if self._cancel.is_set():
            raise TaskCancelled(self.title)
        self._done = None if fraction is None else min(1.0, max(0.0, fraction))
        self.note = note
        self._changed()

    def cancel(self) -> None:
        """Asks the worker to stop at its next report."""
        self._cancel.set()
        self._changed()


class Tasks:
    """The running tasks. Safe from any thread; listeners are called on the thread that changed something."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[Task] = []
        self._listeners: list[Callable[[], None]] = []
        self.version = 0
        """Grows with every change."""

    def open(self, title: str) -> Task:
        """A task whose worker somebody else runs; close it with :meth:`close`."""
        task = Task(title, self._changed)
        with self._lock:
            self._running.append(task)
        self._changed()
        return task

    def close(self, task: Task, state: TaskState = TaskState.DONE, error: str = "") -> None:
        """Ends a task; ending it twice does nothing."""
        with self._lock:
            if task not in self._running:
                return
            self._running.remove(task)
        task.state, task.error = state, error
        self._changed()

    def start(self, title: str, work: Callable[[Task], None], done: Callable[[Task], None] | None = None) -> Task:
        """Runs ``work`` on a thread of its own; ``done`` is called there with the ended task."""
        task = self.open(title)
        threading.Thread(target=self._run, args=(task, work, done), name=f"task: {title}", daemon=True).start()
        return task

    def running(self) -> tuple[Task, ...]:
        """Tasks under way, oldest first."""
        with self._lock:
            return tuple(self._running)

    def cancel_all(self) -> None:
        """Asks every worker to stop."""
        for task in self.running():
            task.cancel()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls ``listener`` at every change; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def _run(self, task: Task, work: Callable[[Task], None], done: Callable[[Task], None] | None) -> None:
        try:
            work(task)
        except TaskCancelled:
            self.close(task, TaskState.CANCELLED)
        except Exception as error:  # noqa: BLE001 - the failure belongs to the task and is shown there
            self.close(task, TaskState.FAILED, str(error) or traceback.format_exc())
        else:
            self.close(task, TaskState.CANCELLED if task.cancel_asked else TaskState.DONE)
        if done is not None:
            done(task)

    def _changed(self) -> None:
        self.version += 1
        for listener in tuple(self._listeners):
            listener()
