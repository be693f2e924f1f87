"""Networks in tables of text: a line for each sample, with or without names."""

from __future__ import annotations

import csv
from typing import Any

from netrep_go._optional import optional

# What stands for no value, as pandas reads it; in lower case.
_MISSING = {"", "na", "n/a", "nan", "null", "none", "<na>", "#n/a"}


def read_table(separator: str, file: str, inside: str) -> Any:
    """Return the table of a file, whose first line may be names, and first column, too.

    That column has names if the first line leaves it out, or leaves its name empty.
    """
    pandas = optional("pandas", "plot", "a file of text")
    first, n_before = _first_line(file, separator)
    header = 0 if _are_names(first) else None
    index = 0 if header == 0 and first[0] == "" else None
    how: dict[str, Any] = {"sep": separator, "header": header, "index_col": index}
    table = pandas.read_csv(file, skiprows=n_before, encoding="utf-8-sig", **how)
    if header is None:
        _check_not_counting(first, len(table))
    elif index is None:
        _check_as_wide(table)
    if table.isna().to_numpy().any():
        _check_lines(file, separator, n_before, header == 0)
    return table


def _first_line(file: str, separator: str) -> tuple[list[str], int]:
    """Return the entries of the first line that is no remark, and how many lines are before.

    Some programs begin a file with a mark of its encoding, which is none of an entry.
    """
    with open(file, encoding="utf-8-sig", newline="") as lines:
        for n_before, line in enumerate(lines):
            if line.strip(" \r\n") and not line.startswith("#"):
                entries = next(csv.reader([line], delimiter=separator))
                return [entry.strip() for entry in entries], n_before
    raise ValueError("it has no line with an entry")


def _are_names(first: list[str]) -> bool:
    """Whether entries are not all numbers, or missing ones beside numbers."""
    if first[0] == "" and len(first) > 1:
        return True  # above a column of names
    are_numbers = [_is_number(entry) for entry in first if entry.lower() not in _MISSING]
    return not (are_numbers and all(are_numbers))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_not_counting(first: list[str], n_rows: int) -> None:
    """Raise if the first of all lines, taken for numbers, may be numbers of columns.

    In a square matrix it may be distances along a line.
    """
    n = len(first)
    if n > 2 and n_rows != n and first == [str(k) for k in range(n)]:
        raise ValueError(
            "its first line counts 0, 1, 2, ...: if these are names of columns, write them as "
            "texts or leave them out; if they are data, write 0.0 for 0"
        )


def _check_as_wide(table: Any) -> None:
    """Raise if lines are longer than that of the names, and do not begin with a name.

    pandas takes what is too much for names of rows, which may be texts or count the rows.
    """
    rows = list(table.index)
    counted = rows in (list(range(len(rows))), list(range(1, len(rows) + 1)))
    if not (counted or all(isinstance(row, str) for row in rows)):
        raise ValueError("its lines must be no longer than the first one, which has names")


def _check_lines(file: str, separator: str, n_before: int, named: bool) -> None:
    """Raise if a line is shorter than others: what it lacks is not missing, but cut off."""
    with open(file, encoding="utf-8-sig", newline="") as lines:
        for _ in range(n_before):
            next(lines)
        rows = csv.reader(lines, delimiter=separator)
        if named:
            next(rows)  # which may leave out the name of the first column
        sizes = [(n_before + rows.line_num, len(row)) for row in rows if any(map(str.strip, row))]
    most = max(n for _, n in sizes)
    for line, n in sizes:
        if n < most:
            raise ValueError(f"its line {line} has {n} entries, and others have {most}")
