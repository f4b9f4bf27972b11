"""What spreadsheets, editors and the clipboard do to a cell without anybody seeing it."""

import re
import unicodedata

FORMULA_ERRORS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!"})
SHORTENED = re.compile(r"[+-]?\d(\.\d+)?E[+-]?\d+", re.IGNORECASE)
# Scripts of India and Persia and composed emoji need the joiners within a word.
_JOINERS = "\u200c\u200d"
# Only of the hundreds that have such characters: to look through all planes takes each process a tenth of a second.
_HUNDREDS = (*range(0x21), 0xFE, 0xFF, 0x110, 0x134, 0x1BC, 0x1D1, 0xE00)
_LOOKED_AT = [chr(hundred << 8 | code) for hundred in _HUNDREDS for code in range(0x100)]
HIDDEN = frozenset(sign for sign in _LOOKED_AT if unicodedata.category(sign) == "Cf")
# Those, and controls that no editor writes: nearly no cell has one, which is told in one look at all of it.
UNSEEN = HIDDEN | (frozenset(map(chr, range(0x20))) - frozenset("\t\r\n"))


def damage(cell: str) -> str:
    """What is wrong with the cell of any column, in words; empty when nothing is."""
    if cell in FORMULA_ERRORS or "\ufffd" in cell:
        return f"{cell!r} is what a spreadsheet writes when it lost the value"
    if SHORTENED.fullmatch(cell):
        return f"{cell!r} is a number that a spreadsheet shortened; format the column as text and enter it again"
    if not UNSEEN.isdisjoint(cell) and any(_hidden(cell, at) for at in range(len(cell))):
        return f"{cell!a} holds an invisible character"
    return ""


def _hidden(cell: str, at: int) -> bool:
    sign = cell[at]
    if sign in _JOINERS:
        return not (0 < at < len(cell) - 1) or cell[at - 1].isascii() or cell[at + 1].isascii()
    return sign in UNSEEN
