"""Order keys are dead unless a person made them live, and every doubt makes them dead again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.app.arming import Arming, ArmingBlock, ArmingRefused, ArmState, DisarmReason
from terminal.core.orders import Origin


def test_the_desk_starts_disarmed_and_arms_paper_without_a_question() -> None:
    arming = Arming()
    assert arming.state is ArmState.DISARMED
    assert arming.arm() is ArmState.ARMED_PAPER
    assert arming.state.word == "ARMED"
    arming.toggle()
    assert arming.state is ArmState.DISARMED


def test_a_live_account_needs_the_confirmation() -> None:
    arming = Arming(is_paper=False)
    with pytest.raises(ArmingRefused, match="confirmation"):
        arming.arm()
    assert arming.arm(confirmed=True) is ArmState.ARMED_LIVE


def test_nothing_is_armed_while_something_forbids_it_and_a_later_doubt_disarms() -> None:
    stale = ArmingBlock(DisarmReason.STALE, "The feed is stale.")
    killed = ArmingBlock(DisarmReason.KILL_SWITCH, "The kill switch is set.")
    why: list[ArmingBlock | None] = [stale]
    arming = Arming(blocked=lambda: why[0])
    with pytest.raises(ArmingRefused, match="stale"):
        arming.arm()
    for doubt in (stale, killed):
        why[0] = None
        arming.arm()
        why[0] = doubt
        arming.check()
        assert arming.state is ArmState.DISARMED
        assert arming.reason is doubt.reason


def test_idle_time_disarms_and_use_postpones_it() -> None:
    now = [0.0]
    arming = Arming(idle_s=60, now_s=lambda: now[0])
    arming.arm()
    now[0] = 59
    states = []
    for moment, used in ((59, True), (118, False), (119, False)):
        now[0] = moment
        arming.check()
        states.append(arming.state)
        if used:
            arming.note_use()
    assert states == [ArmState.ARMED_PAPER, ArmState.ARMED_PAPER, ArmState.DISARMED]
    assert arming.reason is DisarmReason.IDLE


def test_listeners_hear_each_change_once_with_its_reason() -> None:
    arming, heard = Arming(), []
    leave = arming.subscribe(lambda state, reason: heard.append((state, reason)))
    arming.arm()
    arming.arm()
    arming.disarm(DisarmReason.WORKSPACE)
    arming.disarm(DisarmReason.WORKSPACE)
    leave()
    arming.arm()
    assert heard == [(ArmState.ARMED_PAPER, None), (ArmState.DISARMED, DisarmReason.WORKSPACE)]


def test_a_script_arms_the_paper_account_for_itself_alone() -> None:
    arming = Arming()
    arming.allow_script(True)
    assert arming.permits(Origin.SCRIPT)
    assert not arming.permits(Origin.TICKET)
    arming.allow_script(False)
    assert not arming.permits(Origin.SCRIPT)
    with pytest.raises(ArmingRefused, match="live account"):
        Arming(is_paper=False).allow_script(True)


def test_another_account_disarms_everything() -> None:
    arming = Arming()
    arming.allow_script(True)
    arming.arm()
    arming.set_account(is_paper=False)
    assert arming.state is ArmState.DISARMED
    assert not arming.permits(Origin.SCRIPT)


@given(st.lists(st.sampled_from(["arm", "disarm", "account", "script", "check"]), max_size=20))
def test_whatever_happens_only_an_armed_desk_lets_a_person_s_order_pass(steps: list[str]) -> None:
    arming = Arming(is_paper=False)
    for step in steps:
        calls: dict[str, Callable[[], object]] = {
            "arm": arming.arm,
            "disarm": arming.disarm,
            "account": lambda: arming.set_account(is_paper=False),
            "script": lambda: arming.allow_script(True),
            "check": arming.check,
        }
        with contextlib.suppress(ArmingRefused):
            calls[step]()
        people = (Origin.TICKET, Origin.HOTKEY, Origin.LADDER, Origin.SCRIPT)
        assert not any(arming.permits(origin) for origin in people)
    assert arming.permits(Origin.FLATTEN, closes=True)
    assert arming.permits(Origin.EXPIRY, closes=True)
    assert not arming.permits(Origin.FLATTEN), "only what closes is a flatten"
