"""Declarations: what can't be meant is refused where it is written."""

import pytest

from netbeam.declare import At, derived, i8, u8, u16, u24, u32, u64


def test_numbers_lie_where_they_are_said_to():
    places = {number(3).width: number(3).offset for number in (u8, u16, u24, u32, u64)}
    assert places == {1: 3, 2: 3, 3: 3, 4: 3, 8: 3}
    assert i8(0) == At(0, 1, signed=True)


@pytest.mark.parametrize(
    ("at", "shift", "count", "mask"), [(u8(0), 4, 4, 15), (u16(2), 0, 13, 0x1FFF), (u32(0), 31, 1, 1)]
)
def test_bits_are_counted_from_the_lowest(at, shift, count, mask):
    assert at.bits(shift, count) == At(at.offset, at.width, shift, mask)


@pytest.mark.parametrize(
    ("shift", "count"), [(0, 0), (0, 17), (1, 16), (16, 1), (17, 1), (0, -1), (3, 1 << 40)]
)
def test_bits_that_are_not_there_are_refused(shift, count):
    with pytest.raises(ValueError, match=rf"bits\({shift}, {count}\) do not fit in 2 bytes"):
        u16(0).bits(shift, count)


def test_bits_below_the_lowest_are_refused():
    with pytest.raises(ValueError, match=r"bits\(-1, 4\)"):
        u8(0).bits(-1, 4)


def test_a_field_that_is_not_derived_is_refused_with_those_that_are():
    with pytest.raises(ValueError, match="'SourceIP' is not a derived field; these are: Timestamp, SrcIP"):
        derived("SourceIP", 9)
