# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
# All buffers have fixed sizes; no length depends on a packet.
"""Names of flows: Community ID v1 (corelight/community-id-spec) and netbeam's own unique identifier."""

import cython

if cython.compiled:
    from cython.cimports.netbeam.kernel.keys import mixed
else:
    from netbeam.kernel.keys import mixed

BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
base64_digits = BASE64
base62_digits = BASE62
MOST = cython.declare(cython.uint, 0xFFFFFFFF)
# The constants of SHA-1.
START_A = cython.declare(cython.uint, 0x67452301)
START_B = cython.declare(cython.uint, 0xEFCDAB89)
START_C = cython.declare(cython.uint, 0x98BADCFE)
START_D = cython.declare(cython.uint, 0x10325476)
START_E = cython.declare(cython.uint, 0xC3D2E1F0)
ROUND_3 = cython.declare(cython.uint, 0x8F1BBCDC)
ROUND_4 = cython.declare(cython.uint, 0xCA62C1D6)
OTHER = cython.declare(cython.ulonglong, 0x5851F42D4C957F2D)


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def turned(value: cython.uint, bits: cython.int) -> cython.uint:
    """Rotate 32 bits to the left."""
    return (value << bits | value >> (32 - bits)) & MOST


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def sha1(block: cython.p_uchar, size: cython.Py_ssize_t, digest: cython.p_uint) -> cython.void:
    """Hash up to 55 bytes (FIPS 180-4, 6.1); the 64 bytes of `block` are padded.

    hashlib would need the GIL for each flow.
    """
    i: cython.int
    a: cython.uint = START_A
    b: cython.uint = START_B
    c: cython.uint = START_C
    d: cython.uint = START_D
    e: cython.uint = START_E
    f: cython.uint
    if cython.compiled:
        w: cython.uint[80]
    else:
        w = [0] * 80
    block[size] = 128
    for i in range(size + 1, 62):
        block[i] = 0
    block[62] = cython.cast(cython.uchar, size * 8 >> 8)
    block[63] = cython.cast(cython.uchar, size * 8 & 255)
    for i in range(16):
        w[i] = (
            cython.cast(cython.uint, block[4 * i]) << 24
            | cython.cast(cython.uint, block[4 * i + 1]) << 16
            | cython.cast(cython.uint, block[4 * i + 2]) << 8
            | block[4 * i + 3]
        )
    for i in range(16, 80):
        w[i] = turned(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1)
    for i in range(0, 20):
        f = ((d ^ b & (c ^ d)) + 0x5A827999 + turned(a, 5) + e + w[i]) & MOST
        e = d
        d = c
        c = turned(b, 30)
        b = a
        a = f
    for i in range(20, 40):
        f = ((b ^ c ^ d) + 0x6ED9EBA1 + turned(a, 5) + e + w[i]) & MOST
        e = d
        d = c
        c = turned(b, 30)
        b = a
        a = f
    for i in range(40, 60):
        f = ((b & c | d & (b | c)) + ROUND_3 + turned(a, 5) + e + w[i]) & MOST
        e = d
        d = c
        c = turned(b, 30)
        b = a
        a = f
    for i in range(60, 80):
        f = ((b ^ c ^ d) + ROUND_4 + turned(a, 5) + e + w[i]) & MOST
        e = d
        d = c
        c = turned(b, 30)
        b = a
        a = f
    digest[0] = (a + START_A) & MOST
    digest[1] = (b + START_B) & MOST
    digest[2] = (c + START_C) & MOST
    digest[3] = (d + START_D) & MOST
    digest[4] = (e + START_E) & MOST


@cython.cfunc
@cython.inline
@cython.nogil
@cython.exceptval(check=False)
def put_bytes(
    out: cython.p_uchar, at: cython.Py_ssize_t, value: cython.ulonglong, width: cython.int
) -> cython.Py_ssize_t:
    """Write the lowest `width` bytes of a number, the highest of them first."""
    i: cython.int
    for i in range(width):
        out[at + i] = cython.cast(cython.uchar, value >> (8 * (width - 1 - i)) & 255)
    return at + width


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def community_id(
    out: cython.p_uchar,
    at: cython.Py_ssize_t,
    ends: cython.p_ulonglong,
    version: cython.int,
    protocol: cython.int,
    source_port: cython.uint,
    target_port: cython.uint,
    one_way: cython.bint,
    ports: cython.bint,
    seed: cython.uint,
) -> cython.Py_ssize_t:
    """Write the Community ID of a flow, 30 bytes; `ends` are two addresses of two words each.

    A flow that is `one_way` keeps its direction; `ports` tells whether its protocol has any.
    """
    first: cython.int = 0
    size: cython.Py_ssize_t
    i: cython.int
    bits: cython.uint
    if cython.compiled:
        block: cython.uchar[64]
        digest: cython.uint[6]
    else:
        block = bytearray(64)
        digest = [0] * 6
    if not one_way and (
        ends[2] < ends[0]
        or (ends[2] == ends[0] and (ends[3] < ends[1] or (ends[3] == ends[1] and target_port < source_port)))
    ):
        first = 2
    size = put_bytes(block, 0, seed, 2)
    for i in range(2):  # noqa: B007, a C loop
        if version == 6:
            size = put_bytes(block, size, ends[first], 8)
            size = put_bytes(block, size, ends[first + 1], 8)
        else:
            size = put_bytes(block, size, ends[first + 1], 4)
        first = 2 - first
    size = put_bytes(block, size, cython.cast(cython.ulonglong, protocol), 1)
    size = put_bytes(block, size, 0, 1)
    if ports:
        size = put_bytes(block, size, target_port if first == 2 else source_port, 2)
        size = put_bytes(block, size, source_port if first == 2 else target_port, 2)
    sha1(block, size, digest)
    digest[5] = 0
    out[at] = 49
    out[at + 1] = 58
    for i in range(27):  # 160 bits in groups of six
        bits = digest[i * 6 // 32] << (i * 6 % 32) & MOST
        if i * 6 % 32 > 26:
            bits |= digest[i * 6 // 32 + 1] >> (32 - i * 6 % 32)
        out[at + 2 + i] = base64_digits[bits >> 26]
    out[at + 29] = 61
    return at + 30


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def unique_id(
    out: cython.p_uchar, at: cython.Py_ssize_t, words: cython.p_ulonglong, count: cython.int
) -> cython.Py_ssize_t:
    """Write N and 17 digits to the base 62 of a 96-bit hash of some words, of which the last may be altered.

    The same flow of the same packets has the same name in every run.
    """
    a: cython.ulonglong = mixed(words, count) & MOST
    b: cython.ulonglong
    c: cython.ulonglong
    rest: cython.ulonglong
    i: cython.int
    words[count - 1] ^= OTHER
    c = mixed(words, count)
    b = c >> 32
    c &= MOST
    out[at] = 78
    for i in range(17):  # the three numbers of 32 bits are divided as one
        rest = a % 62
        a = a // 62
        rest = rest << 32 | b
        b = rest // 62
        rest = rest % 62 << 32 | c
        c = rest // 62
        out[at + 17 - i] = base62_digits[rest % 62]
    return at + 18
