"""Heads that are read at once, and those that are left to who reads HTTP in full."""

from __future__ import annotations

import pytest

from rivulet.heads import plain


def test_a_head_as_programs_write_it() -> None:
    assert plain(b"Host: m\r\nCE-Id: a b: c, d\r\n") == {"host": "m", "ce-id": "a b: c, d"}
    assert plain(b"") == {}


@pytest.mark.parametrize(
    "fields",
    [
        b"a: 1\r\nA: 2\r\n",
        b"a: 1\r\nb:2\r\n",
        b"a: 1\r\nb:  2\r\n",
        b"a: 1 \r\nb: 2\r\n",
        b"a: 1\r\n b: 2\r\n",
        b"a: 1\r\nb : 2\r\n",
        b"a: 1\r\nb\r\n",
        b"a: 1\nb: 2\r\n",
        b"a: 1\r\nb: \r2\r\n",
        b"a: \t1\r\n",
        b"a: \xc3\xbc\r\n",
        b"a_b: 1\r\n",
        b": 1\r\n",
        b"a: 1\r\nConnection: keep-alive\r\n",
        b"a: 1",
    ],
)
def test_a_head_that_leaves_a_doubt(fields: bytes) -> None:
    assert plain(fields) is None
