"""The state in Redis: the only package that knows the redis client."""

from rivulet.store.connection import Store

__all__ = ["Store"]
