"""RDMs of rsatoolbox."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from netrep_go._parameters import checked
from netrep_go._shown import kind_of, shown
from netrep_go._validation import as_array
from netrep_go.rsa._condensed import as_vectors, n_conditions

__all__ = ["from_rsatoolbox", "to_rsatoolbox"]


@checked
def from_rsatoolbox(rdms: Any) -> np.ndarray:
    """Return the condensed RDMs of an ``rsatoolbox.rdm.RDMs``, shape (n_rdms, n_pairs).

    Parameters
    ----------
    rdms : rsatoolbox.rdm.RDMs
        RDMs. Their descriptors stay there.

    Returns
    -------
    ndarray of shape (n_rdms, n_pairs)
        Entries in the order of :func:`scipy.spatial.distance.squareform`.

    Raises
    ------
    TypeError
        If `rdms` is no object of that class.

    Examples
    --------
    >>> import numpy as np
    >>> from rsatoolbox.rdm import RDMs
    >>> from netrep_go.rsa import from_rsatoolbox
    >>> from_rsatoolbox(RDMs(np.array([[1.0, 2.0, 3.0]])))
    array([[1., 2., 3.]])
    """
    if not hasattr(rdms, "get_vectors"):
        raise TypeError(f"rdms must be an rsatoolbox.rdm.RDMs, got {kind_of(rdms)}")
    vectors = as_array(rdms.get_vectors(), "rdms", 2, allow_nan=True)
    n_conditions(vectors, "rdms")
    return vectors


@checked
def to_rsatoolbox(
    rdms: ArrayLike,
    *,
    dissimilarity_measure: str | None = None,
    rdm_descriptors: Mapping[str, Any] | None = None,
    pattern_descriptors: Mapping[str, Any] | None = None,
) -> Any:
    """Return RDMs as an ``rsatoolbox.rdm.RDMs``.

    Parameters
    ----------
    rdms : array_like of shape (n_pairs,), (n_rdms, n_pairs), (n_conditions, n_conditions) \
or (n_rdms, n_conditions, n_conditions)
        RDMs.
    dissimilarity_measure : str, default=None
        Name of the measure.
    rdm_descriptors, pattern_descriptors : mapping of str to list, default=None
        What belongs to each RDM, such as its subject, and to each condition.

    Returns
    -------
    rsatoolbox.rdm.RDMs
        A copy of the RDMs.

    Raises
    ------
    ImportError
        If rsatoolbox is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from netrep_go.rsa import rdm, to_rsatoolbox
    >>> rdms = to_rsatoolbox(rdm(np.eye(4)), dissimilarity_measure="correlation")
    >>> rdms.n_cond, rdms.dissimilarity_measure
    (4, 'correlation')
    """
    vectors = as_vectors(rdms, "rdms", allow_nan=True)
    try:
        from rsatoolbox.rdm import RDMs
    except ImportError as error:
        raise ImportError(
            "to_rsatoolbox needs rsatoolbox, which is not installed: pip install rsatoolbox"
        ) from error
    return RDMs(
        vectors.copy(),
        dissimilarity_measure=dissimilarity_measure,
        rdm_descriptors=_descriptors(rdm_descriptors, "rdm_descriptors"),
        pattern_descriptors=_descriptors(pattern_descriptors, "pattern_descriptors"),
    )


def _descriptors(given: Any, name: str) -> dict[str, Any]:
    if not isinstance(given, (Mapping, NoneType)):
        raise TypeError(f"{name} must be a dict, got {shown(given)}")
    return dict(given or {})
