"""Heads of HTTP messages that leave no doubt how they are to be read, read at once."""

from __future__ import annotations

import re

# Fields by which a message goes on in another way than with a body of so many bytes.
UNUSUAL = frozenset(("expect", "transfer-encoding", "upgrade"))
_FIELD = re.compile(r"([A-Za-z0-9-]+): ([ -~]*)\r\n")


def plain(fields: bytes) -> dict[str, str] | None:
    """Return the fields of a head as programs write it, by their names in lower case.

    ``None`` where there is a doubt: a name twice, what is not ASCII, spaces where they mean nothing, a field that goes
    on in the next line, or anything on the connection's end. Whoever reads HTTP in full has to look then.
    """
    if not fields.isascii() or b" \r\n" in fields or b":  " in fields:
        return None
    found = _FIELD.findall(fields.decode())
    headers = {name.lower(): value for name, value in found}
    if len(headers) < len(found) or "connection" in headers:
        return None
    # What was not found between the fields that were is no field, or one in another form.
    whole = sum([len(name) + len(value) for name, value in found]) + 4 * len(found) == len(fields)
    return headers if whole else None
