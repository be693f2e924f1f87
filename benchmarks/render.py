"""Turn the JSON of the benchmarks into RESULTS.md."""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent


def table(rows: list[dict[str, object]]) -> list[str]:
    """Return the lines of Markdown tables, a new one where the columns change."""
    lines: list[str] = []
    columns: list[str] = []
    for row in rows:
        if list(row) != columns:
            columns = list(row)
            lines += ["", _line(columns), _line(["---"] * len(columns))]
        lines.append(_line([str(v) for v in row.values()]))
    return lines


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Render every document in results/."""
    lines = [
        "# Benchmark results",
        "",
        "Made by `make bench`. Candidates take turns in one process; times are minima,",
        "in milliseconds per unit. A ratio above 1 means that ours is faster.",
    ]
    for path in sorted((HERE / "results").glob("*.json")):
        document = json.loads(path.read_text())
        lines += ["", f"## {path.stem}", "", f"`{document['command']}`"]
        lines += table(document["rows"])
        lines += ["", "; ".join(f"{k} {v}" for k, v in document["versions"].items())]
    (HERE / "RESULTS.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
