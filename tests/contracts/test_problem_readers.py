"""What every reader of scheduling problems must keep; new ones are picked up by name."""

from __future__ import annotations

import pytest

from gigasite._core.errors import GigasiteError
from gigasite.schedule.solver.reader import readers


@pytest.mark.parametrize("name", readers.names())
def test_a_reader_names_its_suffixes_and_refuses_what_is_not_its_own(name: str) -> None:
    reader = readers[name]()
    assert reader.suffixes
    assert all(s.startswith(".") and s == s.lower() for s in reader.suffixes)
    for text in ("", "no problem at all", "{}", "<xml/>", "%PDF-1.7"):
        assert not reader.sniff(text)
        with pytest.raises(GigasiteError, match="somewhere"):
            reader.read(text, "somewhere")


def test_no_suffix_belongs_to_two_readers() -> None:
    suffixes = [s for name in readers.names() for s in readers[name]().suffixes]
    assert len(suffixes) == len(set(suffixes))
