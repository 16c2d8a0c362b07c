"""Published tables of rates, reproduced as certified numbers. A table is one function with `@table`."""

from pepkit.reproduction.registry import (
    Certified,
    Published,
    Row,
    TableEntry,
    certified_claim,
    certified_pattern,
    table,
    tables,
)
from pepkit.reproduction.run import Outcome, reproduce, write_page

__all__ = [
    "Certified",
    "Outcome",
    "Published",
    "Row",
    "TableEntry",
    "certified_claim",
    "certified_pattern",
    "reproduce",
    "table",
    "tables",
    "write_page",
]
