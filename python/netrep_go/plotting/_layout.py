"""Where legends and names go: outside of the data, in a size that fits the axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from unicodedata import category

import numpy as np

from netrep_go._jobs import warn_user
from netrep_go._names import Name

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

_KEY, _HANDLE = 5, 9  # heights of letters, and letters, that go with the text in a legend
_WIDE = 4.2  # inches of axes that have room for a legend on their right
_LETTER = 0.58  # width of a letter over the size of the font
_SMALLEST = 4.0  # points of a name that can still be read
_SHARE = 0.6  # of the width or height of axes before names are written: the most that these take
_LEAST = 12  # letters that are left of any name
_IN_TEXT = 20  # letters of a name in the text along a color bar
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # categories of Unicode
_KEPT = "\n\u200c\u200d\u200e\u200f"


def text_of(name: Name) -> str:
    """Return a name as it is written; the parts of a tuple beside each other.

    What cannot be seen, or turns the direction of what stands around it, is written as in Python.
    """
    text = " ".join(map(str, name)) if isinstance(name, tuple) else str(name)
    return "".join(c if _is_seen(c) else c.encode("unicode_escape").decode() for c in text)


def _is_seen(letter: str) -> bool:
    """Whether a letter can be drawn, breaks the line, or is a mark that joins or parts others."""
    return category(letter) not in _UNSEEN or letter in _KEPT


def shortened(texts: Sequence[str], most: float) -> list[str]:
    """Return names of so many letters at most, without their middles.

    More are left where names would be alike, and never fewer than a dozen.
    """
    n = max(int(most), _LEAST)
    found = [_without_middle(text, n) for text in texts]
    if len(set(found)) < len(set(texts)):
        return shortened(texts, 1.5 * n)
    return found


def short(name: Name) -> str:
    """Return a name that stands in a text of ours."""
    return shortened([text_of(name)], _IN_TEXT)[0]


def by_line(texts: Sequence[str], most: float) -> list[str]:
    """Return texts whose lines are shortened."""
    lines = [line for text in texts for line in text.split("\n")]
    rest = iter(shortened(lines, most))
    return ["\n".join(next(rest) for _ in text.split("\n")) for text in texts]


def _without_middle(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}…{text[len(text) - (most - 1) // 2 :]}"


def title(ax: Axes, name: Name, share: float = 1.0) -> None:
    """Write a name above axes, without its middle if it is wider than this share of these."""
    most = 72 * share * inches(ax)[0] / (_LETTER * points_of("medium"))
    ax.set_title(shortened([text_of(name)], most)[0], fontsize="medium", parse_math=False)


def legend(
    ax: Axes,
    handles: Sequence[Any] | None = None,
    *,
    title: str = "",
    above: bool = False,
    named: bool = False,
) -> Legend:
    """Write the legend outside: on the right of wide axes, above narrow ones and their title.

    Or always above, if something else is on the right. Where labels are names, and not ours, they
    are shortened to what there is room for.
    """
    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    width, height = inches(ax)
    font = points_of("small")
    right = width >= _WIDE and not above
    labels = [str(handle.get_label()) for handle in handles]
    if named:
        room = 72 * _figure_inches(ax)[0] * (0.4 if right else 0.75)  # it begins where axes do
        labels = shortened(labels, room / (_LETTER * font) - _HANDLE)
    longest = max(map(len, labels))
    place: dict[str, Any]
    if right:
        n_columns = np.ceil(len(handles) * 1.5 * font / (72 * height))
        place = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}
    else:
        n_columns = 72 * width // ((_LETTER * longest + _KEY) * font)
        place = {
            "loc": "lower left",
            "bbox_to_anchor": (0.0, 1.0),
            "bbox_transform": _above_title(ax),
            "borderaxespad": 0.2,
        }
    written = ax.legend(
        handles=handles,
        labels=labels,
        ncols=int(np.clip(n_columns, 1, len(handles))),
        fontsize="small",
        frameon=False,
        title=title,
        title_fontsize="small",
        alignment="left",
        **place,
    )
    for text in written.get_texts():
        text.set_parse_math(False)  # a name with dollars is no formula
    return written


def _above_title(ax: Axes) -> Any:
    """Return the coordinates of axes, moved up by the height of their title."""
    from matplotlib.transforms import ScaledTranslation

    height = 1.9 * float(ax.title.get_fontsize()) / 72 if ax.get_title() else 0.0
    return ax.transAxes + ScaledTranslation(0, height, ax.figure.dpi_scale_trans)


def axes_above(ax: Axes, share: float) -> Axes:
    """Return axes above others, which leave them this share of their place."""
    spec, figure = ax.get_subplotspec(), ax.figure
    if spec is not None:
        parts = spec.subgridspec(2, 1, height_ratios=(share, 1 - share), hspace=0.08)
        ax.set_subplotspec(parts[1])
        return figure.add_subplot(parts[0], sharex=ax)
    box = ax.get_position()
    bottom = box.y0 + (1 - share) * box.height
    ax.set_position((box.x0, box.y0, box.width, 0.95 * (bottom - box.y0)))
    return figure.add_axes((box.x0, bottom, box.width, box.y1 - bottom), sharex=ax)


def name_columns(
    ax: Axes, places: npt.ArrayLike, names: Sequence[Name], *, square: bool = False
) -> None:
    """Write names below bars or columns: level if they fit, else at a slant or upright."""
    space, font = _space(ax, 0, places, square), points_of("small")
    texts = [text_of(name) for name in names]
    if (_LETTER * max(map(len, texts), default=0) + 1) * font > space:
        texts = shortened(texts, most_letters(ax, 1, min(font, 0.9 * space)))
    longest = max(map(len, texts), default=0)
    style: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    if (_LETTER * longest + 1) * font <= space:
        style = {"rotation": 0}
    elif space < 2 * font or square:
        style = {"rotation": 90}
    _write(ax.xaxis, places, texts, min(font, 0.9 * space), style)


def name_square(ax: Axes, names: Sequence[Name]) -> None:
    """Write names beside the rows and below the columns of a square heat map."""
    places = np.arange(len(names))
    name_rows(ax, places, names, square=True)
    if len(ax.get_yticks()):
        name_columns(ax, places, names, square=True)
    else:
        ax.set_xticks([])
    ax.tick_params(length=0)


def name_rows(
    ax: Axes,
    places: npt.ArrayLike,
    names: Sequence[Name],
    *,
    square: bool = False,
    step: float = 1.0,
) -> None:
    """Write names beside rows, which are so far from each other."""
    texts = [text_of(name) for name in names]
    n_lines = 1 + max((text.count("\n") for text in texts), default=0)
    space = _space(ax, 1, np.divide(places, step), square) / (1.2 * n_lines - 0.2)
    size = min(points_of("small"), 0.9 * space)
    texts = by_line(texts, most_letters(ax, 0, size))
    _write(ax.yaxis, places, texts, size, {})


def write_names(ax: Axes, points: npt.NDArray[np.float64], names: Sequence[Name] | None) -> None:
    """Write names beside points, if there are any: each on the side where most is free.

    It is the last thing to be drawn: what is free is known when all else has its place.
    """
    if not names:
        return
    ax.margins(0.12)
    ax.figure.canvas.figure.draw_without_rendering()
    at = ax.transData.transform(points) * 72 / ax.figure.dpi
    font = points_of("small")
    taken = np.vstack([np.hstack([at - _POINT, at + _POINT]), _around(ax)])
    texts = shortened([text_of(name) for name in names], most_letters(ax, 0, font) / 2)
    for point, place, text in zip(points, at, texts, strict=False):
        size = np.array([_LETTER * font * len(text), 1.4 * font])
        boxes = [_box(place, size, side) for side in _SIDES]
        best = int(np.argmin([_overlap(box, taken) for box in boxes]))
        taken = np.vstack([taken, boxes[best]])
        across, up = _SIDES[best]
        style: dict[str, Any] = {"ha": _ACROSS[across], "va": _UP[up], "fontsize": "small"}
        offset = (across * _POINT, up * _POINT)
        ax.annotate(text, point, offset, textcoords="offset points", **style)


_POINT = 4.0  # points from the middle of a marker to its name
_ACROSS, _UP = {1: "left", 0: "center", -1: "right"}, {1: "bottom", 0: "center", -1: "top"}
_SIDES = ((1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1))


def _around(ax: Axes) -> npt.NDArray[np.float64]:
    """Return the left, bottom, right and top of what is around axes, and right of the figure."""
    ends = np.asarray(ax.get_window_extent().extents) * 72 / ax.figure.dpi
    left, bottom, right, top = map(float, ends)
    far, edge = 10 * max(right, top), 72 * _figure_inches(ax)[0]
    beside = [[-far, -far, left, far], [edge, -far, far, far]]
    return np.array([*beside, [-far, -far, far, bottom], [-far, top, far, far]])


def _box(place: Any, size: Any, side: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Return the left, bottom, right and top of a name on a side of a point."""
    middle = place + np.array(side) * (_POINT + size / 2)
    return np.concatenate([middle - size / 2, middle + size / 2])


def _overlap(box: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> float:
    """Return the area that a box shares with others."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    return float(np.prod(np.maximum(sides, 0), axis=1).sum())


def _write(
    axis: Any, places: npt.ArrayLike, texts: list[str], size: float, style: dict[str, Any]
) -> None:
    """Write names, or none and a warning if they would be too small to be read."""
    if size < _SMALLEST:
        axis.set_ticks([])
        warn_user(
            f"{len(texts)} names along the {axis.axis_name} axis are left out, which would be "
            f"{size:.1f} points high: draw on larger axes",
        )
        return
    axis.set_ticks(places, texts, fontsize=size, parse_math=False, **style)


def _space(ax: Axes, axis: int, places: npt.ArrayLike, square: bool) -> float:
    """Return the points from one place to the next; square axes are as wide as high."""
    size = inches(ax)
    at = np.asarray(places, dtype=np.float64)
    n = np.ptp(at) + 1 if at.size else 1
    return float(72 * (min(size) if square else size[axis]) / n)


def inches_long(text: str) -> float:
    """Return about how long a small text is."""
    return _LETTER * points_of("small") * len(text) / 72


def most_letters(ax: Axes, axis: int, size: float) -> float:
    """Return how many letters of this size names beside or below axes may have."""
    return 72 * _SHARE * inches(ax)[axis] / (_LETTER * max(size, _SMALLEST))


def _figure_inches(ax: Axes) -> tuple[float, float]:
    box = ax.figure.bbox
    return box.width / ax.figure.dpi, box.height / ax.figure.dpi


def inches(ax: Axes) -> tuple[float, float]:
    """Return the width and the height of axes."""
    box = ax.get_window_extent()
    return box.width / ax.figure.dpi, box.height / ax.figure.dpi


def points_of(size: str) -> float:
    """Return the height of a size of text."""
    from matplotlib.font_manager import FontProperties

    return float(FontProperties(size=size).get_size_in_points())
