"""Pieces come back as they were written, and room that was given back is used again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.market.page_file import SLOT_BYTES, PageFile


@settings(max_examples=50, deadline=None)
@given(steps=st.lists(st.tuples(st.booleans(), st.integers(1, 5_000)), max_size=60))
def test_every_piece_is_what_it_was(steps: list[tuple[bool, int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    file = PageFile(tmp_path_factory.mktemp("pages"))
    held: list[tuple[int, bytes]] = []
    for number, (is_new, size) in enumerate(steps):
        if is_new or not held:
            body = bytes([number % 251]) * size
            held.append((file.write(body), body))
        else:
            slot, body = held.pop(size % len(held))
            file.free(slot, len(body))
        for slot, body in held:
            assert file.read(slot, len(body)) == body
        assert file.used_bytes == sum(-(-len(body) // SLOT_BYTES) * SLOT_BYTES for _, body in held)
    file.close()


def test_a_file_does_not_grow_while_pieces_come_and_go(tmp_path: Path) -> None:
    file = PageFile(tmp_path)
    slots = {file.write(b"x" * 700) for _ in range(3)}
    for slot in slots:
        file.free(slot, 700)
    assert {file.write(b"y" * 1000) for _ in range(3)} == slots
    with pytest.raises(OSError, match="shorter"):
        file.read(100, 10)
    file.close()
    with pytest.raises(OSError, match="nothing"):
        file.read(0, 1)


def test_what_the_disk_does_not_take_is_held_as_far_as_memory_goes(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    file = PageFile(tmp_path / "file", memory_bytes=1_000)
    first, second = file.write(b"a" * 400), file.write(b"b" * 600)
    with pytest.raises(OSError, match="file"):
        file.write(b"c")
    assert (file.read(first, 400), file.read(second, 600)) == (b"a" * 400, b"b" * 600)
    file.free(first, 400)
    third = file.write(b"c" * 10)
    assert (file.read(second, 600), file.read(third, 10)) == (b"b" * 600, b"c" * 10)
    file.close()
    assert file.used_bytes == 0
