"""Link groups, the shared draft, long work and alerts."""

from __future__ import annotations

import threading

import pytest

from terminal.app.alerts import INFO_S, STACK, Alert, Alerts, Level
from terminal.app.drafts import SharedDraft
from terminal.app.links import LinkGroups
from terminal.app.ports import OrderDraft
from terminal.app.tasks import Task, Tasks, TaskState
from terminal.core.orders import OrderType, Side


def test_a_group_moves_together_and_alone() -> None:
    links = LinkGroups()
    first: list[int] = []
    second: list[int] = []
    leave = links.subscribe(1, first.append)
    links.subscribe(2, second.append)
    links.choose(1, 7)
    links.choose(1, 7)
    links.choose(2, 8)
    leave()
    links.choose(1, 9)
    assert (first, second) == ([7], [8])
    assert links.state() == {1: 9, 2: 8}
    links.choose(0, 5)
    assert links.instrument(0) is None
    links.subscribe(0, first.append)()
    links.clear()
    assert links.state() == {}
    for bad in (-1, 7):
        with pytest.raises(ValueError, match="link groups are"):
            links.choose(bad, 1)


def test_a_listener_that_leaves_while_it_is_called_harms_nobody() -> None:
    links = LinkGroups()
    heard: list[int] = []

    def once(instrument: int) -> None:
        leave()
        heard.append(instrument)

    leave = links.subscribe(1, once)
    links.subscribe(1, heard.append)
    links.choose(1, 3)
    assert heard == [3, 3]


def test_everybody_sees_the_same_draft() -> None:
    shared = SharedDraft()
    seen: list[OrderDraft | None] = []
    leave = shared.subscribe(seen.append)
    draft = OrderDraft(3, Side.BUY, 1, OrderType.LIMIT, 16_000)
    shared.propose(draft)
    shared.propose(draft)
    shared.propose(None)
    leave()
    shared.propose(draft)
    assert seen == [draft, None]
    assert shared.draft == draft


def test_work_reports_and_ends() -> None:
    tasks, ended = Tasks(), threading.Event()
    seen: list[float | None] = []

    def work(task: Task) -> None:
        task.report(0.5, "half")
        seen.append(task.fraction)
        task.report(7)
        seen.append(task.fraction)

    task = tasks.start("Import", work, lambda _task: ended.set())
    assert ended.wait(5)
    assert (task.state, seen, tasks.running()) == (TaskState.DONE, [0.5, 1.0], ())


def test_a_cancel_ends_the_work_at_its_next_report() -> None:
    tasks, going, ended = Tasks(), threading.Event(), threading.Event()

    def work(task: Task) -> None:
        going.set()
        while True:
            task.report(None)
            threading.Event().wait(0.005)

    task = tasks.start("Long", work, lambda _task: ended.set())
    assert going.wait(5)
    tasks.cancel_all()
    assert ended.wait(5)
    assert task.state is TaskState.CANCELLED
    assert task.cancel_asked


def test_a_failure_belongs_to_its_task() -> None:
    tasks, ended, changes = Tasks(), threading.Event(), []
    leave = tasks.subscribe(lambda: changes.append(tasks.version))

    def work(task: Task) -> None:
        raise OSError("disk full")

    task = tasks.start("Bad", work, lambda _task: ended.set())
    assert ended.wait(5)
    assert (task.state, task.error) == (TaskState.FAILED, "disk full")
    assert changes == sorted(changes)
    leave()
    tasks.close(task, TaskState.DONE)
    assert task.state is TaskState.FAILED


def test_three_toasts_at_most_errors_first_and_until_read() -> None:
    now = [0.0]
    alerts = Alerts(lambda: now[0])
    error = alerts.raise_(Level.ERROR, "The disk is full.")
    for number in range(4):
        alerts.raise_(Level.INFO, f"Note {number}")
    assert [each.text for each in alerts.in_sight()] == ["The disk is full.", "Note 2", "Note 3"]
    assert len(alerts.in_sight()) == STACK
    now[0] = INFO_S
    assert alerts.in_sight() == (error,)
    alerts.dismiss(error.number)
    assert alerts.in_sight() == ()
    assert alerts.unread == 5
    alerts.mark_read()
    assert alerts.unread == 0
    assert len(alerts.history()) == 5


def test_the_same_sentence_is_not_stacked_twice() -> None:
    alerts = Alerts()
    heard: list[Alert | None] = []
    leave = alerts.subscribe(heard.append)
    first = alerts.raise_(Level.WARN, "Feed silent.")
    assert alerts.raise_(Level.WARN, "Feed silent.") is first
    leave()
    alerts.raise_(Level.WARN, "Other.")
    assert heard == [first]


def test_no_alert_of_many_threads_is_lost() -> None:
    alerts = Alerts()
    threads = [
        threading.Thread(target=lambda n=n: [alerts.raise_(Level.ERROR, f"{n}-{i}") for i in range(50)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.number for each in alerts.history()}) == 200
    assert alerts.unread == 200
