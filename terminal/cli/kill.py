"""``moneyness kill``: blocks every send at once, and has a running desk cancel what works."""

from __future__ import annotations

from terminal.infra import process_lock
from terminal.infra.failures import WorkFailed
from terminal.infra.paths import Profile
from terminal.risk.kill_switch import KillState, KillSwitch


def kill(profile: Profile, *, flatten: bool) -> int:
    """Sets the flag that the gate reads before every send; a running desk then cancels, and flattens if asked."""
    try:
        KillSwitch(profile.kill_flag_file).set(flatten=flatten)
    except OSError as problem:
        raise WorkFailed(f"The kill flag {profile.kill_flag_file} cannot be written: {problem.strerror}.") from problem
    if process_lock.is_held(profile.lock_file):
        print("The kill switch is set: the desk cancels its working orders and sends nothing new.")
        if flatten:
            print("It closes its positions as well.")
    else:
        print("The kill switch is set; no desk runs on this profile. A desk started now will send nothing.")
    print("Take it back with: moneyness kill --release")
    return 0


def release(profile: Profile) -> int:
    """Takes the flag away."""
    switch = KillSwitch(profile.kill_flag_file)
    was_set = switch.state() is not KillState.CLEAR
    switch.clear()
    print("The kill switch is off." if was_set else "The kill switch was not set.")
    return 0
