"""The function `ledger`."""

from rivulet.function import serve
from rivulet.handlers.ledger import LedgerHandler

handle = serve(LedgerHandler)
