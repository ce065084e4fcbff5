# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# The caller has checked that the address is whole and that its text has room (40 bytes at most).
"""The text of addresses: dotted decimal, RFC 5952, colon-separated octets."""

import cython

HEX = b"".join(b"%02x" % i for i in range(256))
OCTETS = b"".join((b"%d" % i).ljust(3) + bytes((len(str(i)),)) for i in range(256))

hex_text = HEX
octet_text = OCTETS


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def text_ipv4(
    out: cython.p_uchar, at: cython.Py_ssize_t, data: cython.p_const_uchar, start: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Write the four bytes at `start` in dotted decimal; give the position after the text."""
    i: cython.int
    octet: cython.Py_ssize_t
    for i in range(4):
        octet = cython.cast(cython.Py_ssize_t, data[start + i]) * 4
        out[at] = octet_text[octet]
        out[at + 1] = octet_text[octet + 1]
        out[at + 2] = octet_text[octet + 2]
        at += octet_text[octet + 3]
        out[at] = 46
        at += 1
    return at - 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def text_ipv6(
    out: cython.p_uchar, at: cython.Py_ssize_t, data: cython.p_const_uchar, start: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Write the 16 bytes at `start` as RFC 5952 (sections 4 and 5) says; give the position after the text."""
    i: cython.int
    run: cython.int = 0
    best: cython.int = -1
    best_run: cython.int = 1
    words: cython.int = 8
    word: cython.uint
    high: cython.Py_ssize_t
    for i in range(8):
        if data[start + 2 * i] == 0 and data[start + 2 * i + 1] == 0:
            run += 1
            if run > best_run:
                best_run = run
                best = i + 1 - run
        else:
            run = 0
    if best == 0 and (
        best_run == 6 or (best_run == 5 and data[start + 10] == 255 and data[start + 11] == 255)
    ):
        words = 6  # IPv4-compatible or IPv4-mapped: the last two words are written as an IPv4 address
    i = 0
    while i < words:
        if i == best:
            out[at] = 58
            out[at + 1] = 58
            at += 2
            i += best_run
            continue
        if i > 0 and i != best + best_run:
            out[at] = 58
            at += 1
        elif i > 0 and best < 0:
            out[at] = 58
            at += 1
        word = cython.cast(cython.uint, data[start + 2 * i]) << 8 | data[start + 2 * i + 1]
        high = cython.cast(cython.Py_ssize_t, word >> 8) * 2
        if word >= 4096:
            out[at] = hex_text[high]
            at += 1
        if word >= 256:
            out[at] = hex_text[high + 1]
            at += 1
        high = cython.cast(cython.Py_ssize_t, word & 255) * 2
        if word >= 16:
            out[at] = hex_text[high]
            at += 1
        out[at] = hex_text[high + 1]
        at += 1
        i += 1
    if words == 6:
        if best_run == 5:
            out[at] = 58
            at += 1
        at = text_ipv4(out, at, data, start + 12)
    return at


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def text_mac(
    out: cython.p_uchar, at: cython.Py_ssize_t, data: cython.p_const_uchar, start: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    """Write the six bytes at `start` as 00:1b:21:0a:0b:0c; give the position after the text."""
    i: cython.int
    byte: cython.Py_ssize_t
    for i in range(6):
        byte = cython.cast(cython.Py_ssize_t, data[start + i]) * 2
        out[at] = hex_text[byte]
        out[at + 1] = hex_text[byte + 1]
        out[at + 2] = 58
        at += 3
    return at - 1
