# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# `out` is made here, with ROOM bytes for each address; the longest text has 45.
"""The texts of many addresses at once, for records that Python makes."""

import cython

if cython.compiled:
    from cython.cimports.netbeam.kernel.text import text_ipv4, text_ipv6, text_mac
else:
    from netbeam.kernel.text import text_ipv4, text_ipv6, text_mac

ROOM = 48


def address_texts(data, versions, lengths) -> bytearray:
    """Write addresses as text, each in a row of ROOM bytes, and their lengths in `lengths`.

    Args:
        data: sixteen bytes for each; an IPv4 address is in the last four, a MAC address in the last six.
        versions: a byte for each: 4, 6, or 0 for a MAC address.
        lengths: a writable buffer with a byte for each text.
    """
    out = bytearray(ROOM * len(versions) or 1)
    source: cython.const[cython.uchar][::1] = data
    kinds: cython.const[cython.uchar][::1] = versions
    sizes: cython.uchar[::1] = lengths
    target: cython.uchar[::1] = out
    i: cython.Py_ssize_t
    start: cython.Py_ssize_t
    end: cython.Py_ssize_t
    if len(versions) == 0:
        return out
    if len(data) < 16 * len(versions) or len(lengths) < len(versions):
        raise ValueError(f"{len(data)} bytes and {len(lengths)} lengths for {len(versions)} addresses")
    if cython.compiled:
        into = cython.address(target[0])
        bytes_ = cython.address(source[0])
    else:
        into = out
        bytes_ = data
    for i in range(len(versions)):
        start = i * ROOM
        if kinds[i] == 4:
            end = text_ipv4(into, start, bytes_, i * 16 + 12)
        elif kinds[i] == 6:
            end = text_ipv6(into, start, bytes_, i * 16)
        else:
            end = text_mac(into, start, bytes_, i * 16 + 10)
        sizes[i] = end - start
    return out
