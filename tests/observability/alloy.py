"""Alloy's configuration as its blocks, and what is wrong with them; its own checker is part of its server alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from lark import Lark, Token, Tree

SCHEMA: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "schemas" / "alloy.yaml").read_text("utf-8")
)
# https://grafana.com/docs/alloy/latest/get-started/configuration-syntax/
_GRAMMAR = Lark(
    r"""
    start: (block | argument)*
    block: NAME [STRING] "{" (block | argument)* "}"
    argument: NAME "=" value
    value: STRING -> string | NUMBER -> number | BOOL -> bool | NAME -> reference
         | "[" [value ("," value)* [","]] "]" -> list
         | "{" [pair ("," pair)* [","]] "}" -> object
    pair: (NAME | STRING) "=" value
    BOOL.2: /(true|false)\b/
    NAME: /[A-Za-z_]\w*(\.[A-Za-z_]\w*)*/
    STRING: /"(\\.|[^"\\])*"/
    COMMENT: /\/\/[^\n]*/
    %import common.SIGNED_NUMBER -> NUMBER
    %import common.WS
    %ignore WS
    %ignore COMMENT
    """,
    parser="lalr",
)


@dataclass
class Block:
    """One block: its arguments with their types, the components that it names, and the blocks in it."""

    kind: str
    label: str | None = None
    arguments: dict[str, str] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


def parse(text: str) -> Block:
    """Return the whole configuration as one block.

    Raises
    ------
    lark.exceptions.UnexpectedInput
        If it is not Alloy's syntax.
    """
    root = Block("root")
    _fill(root, _GRAMMAR.parse(text).children)
    return root


def _fill(block: Block, children: list[Any]) -> None:
    for child in children:
        name = str(child.children[0])
        if child.data == "argument":
            value = child.children[1]
            block.arguments[name] = str(value.data)
            references = value.find_data("reference") if isinstance(value, Tree) else ()
            block.references += [str(each.children[0]) for each in references]
        else:
            label = child.children[1]
            inner = Block(name, str(label).strip('"') if isinstance(label, Token) else None)
            _fill(inner, child.children[2:])
            block.blocks.append(inner)


def problems(block: Block) -> Iterator[str]:
    """Yield a sentence for everything that the schema does not have, or has otherwise."""
    known = SCHEMA[block.kind]
    if known.get("labelled", False) != (block.label is not None):
        yield f"{block.kind}: a label is {'missing' if block.label is None else 'not for this block'}"
    arguments = known.get("arguments", {})
    for name, kind in block.arguments.items():
        if name not in arguments:
            yield f"{block.kind} has no argument {name}"
        elif kind not in (arguments[name], "reference"):
            yield f"{block.kind}: {name} is a {arguments[name]}, not a {kind}"
    for name in known.get("required", ()):
        if name not in block.arguments:
            yield f"{block.kind}: {name} is missing"
    for inner in block.blocks:
        if inner.kind in known.get("blocks", ()):
            yield from problems(inner)
        else:
            yield f"{inner.kind} does not stand in {block.kind}"
