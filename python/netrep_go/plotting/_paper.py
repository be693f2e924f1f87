"""Settings of matplotlib for figures of a paper."""

from __future__ import annotations

from typing import Any

from netrep_go._parameters import checked
from netrep_go._validation import check_number
from netrep_go.plotting._style import pyplot

_DARK = {  # of matplotlib's "dark_background", what displays look at
    **dict.fromkeys(
        (
            "lines.color",
            "patch.edgecolor",
            "text.color",
            "axes.edgecolor",
            "axes.labelcolor",
            "xtick.color",
            "ytick.color",
            "legend.labelcolor",
        ),
        "white",
    ),
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), "black"),
}


@checked
def paper_style(
    *, width: float = 3.4, height: float | None = None, dark: bool = False
) -> dict[str, Any]:
    """Return settings of matplotlib for figures as wide as a column.

    Letters of 7 and 6 points, thin lines, text that stays text in PDF and SVG files, 300
    dots per inch. The displays take the colors of text and ground from the axes, so that they
    can be seen on white and on black, and their palette is told apart with any color vision.

    Parameters
    ----------
    width : float, default=3.4
        Width of figures in inches: 3.4 for a column, 7 for a page.
    height : float, default=None
        Their height; None for three quarters of the width.
    dark : bool, default=False
        Light letters on black, as of slides, and not dark ones on white.

    Returns
    -------
    dict
        For :func:`matplotlib.pyplot.rc_context`.

    Raises
    ------
    ValueError
        If a size is not from 1 to 100.
    ImportError
        If Matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib import pyplot as plt
    >>> from netrep_go.plotting import RDMDisplay, paper_style
    >>> with plt.rc_context(paper_style()):
    ...     _, ax = plt.subplots(layout="constrained")
    ...     display = RDMDisplay.from_rdm(np.arange(6.0), ax=ax)
    >>> display.figure_.get_size_inches().round(2).tolist()
    [3.4, 2.55]
    """
    check_number(width, "width", 0.5, 100)
    if height is not None:
        check_number(height, "height", 0.5, 100)
    pyplot()  # says what to install if there is no matplotlib
    thin = {"axes.linewidth", "xtick.major.width", "ytick.major.width", "patch.linewidth"}
    return {
        "figure.figsize": (width, 0.75 * width if height is None else height),
        "figure.dpi": 150,
        "savefig.dpi": 300,
        "font.size": 7.0,
        "axes.titlesize": 7.0,
        "axes.labelsize": 7.0,
        "xtick.labelsize": 6.0,
        "ytick.labelsize": 6.0,
        "legend.fontsize": 6.0,
        "lines.linewidth": 1.2,
        "lines.markersize": 4.0,
        "pdf.fonttype": 42,
        "ps.fonttype": 42,
        "svg.fonttype": "none",
        **dict.fromkeys(thin, 0.6),
        **(_DARK if dark else {}),
    }
