"""Failures that a person is meant to read: one sentence that says what, where and what to do."""

from __future__ import annotations

from typing import ClassVar


class UserFacingError(Exception):
    """A failure whose message is one sentence for the trader.

    The command line prints it on standard error and ends with ``exit_code``.

    ``exit_code`` is 1 when the work failed, 2 for wrong usage or a missing prerequisite, 130 after Ctrl+C.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class WorkFailed(UserFacingError):
    """What was asked is sound, but it could not be done."""

    exit_code: ClassVar[int] = 1


class UsageError(UserFacingError):
    """What was asked is not sound, or something that it needs is missing."""

    exit_code: ClassVar[int] = 2


class Interrupted(UserFacingError):
    """The trader ended the program before its work was done."""

    exit_code: ClassVar[int] = 130
