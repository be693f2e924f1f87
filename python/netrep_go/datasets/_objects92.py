"""The 92 object images of Kriegeskorte et al. (2008), with measured RDMs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.spatial.distance import squareform
from sklearn.utils import Bunch

from netrep_go._files import reading
from netrep_go._parameters import checked

_VARIABLE = "NETREP_GO_OBJECTS92"
_BRAIN = "92_brainRDMs.mat"
_MODELS = "92_modelRDMs.mat"
_FOREIGN = "does not hold what rsatoolbox publishes under its name"
_PAPER = "Kriegeskorte_Neuron2008_supplementalData.mat"


@checked
def objects92(path: str | os.PathLike[str] | None = None) -> Bunch:
    """Load RDMs of 92 object images: human and monkey inferior temporal cortex, and models.

    The files are those that rsatoolbox publishes with its demos, in the folder
    ``demos/92imageData`` of https://github.com/rsagroup/rsatoolbox.

    Parameters
    ----------
    path : path, default=None
        Folder with the files. None for that in the environment variable
        NETREP_GO_OBJECTS92.

    Returns
    -------
    objects : :class:`~sklearn.utils.Bunch`
        With the attributes

        subjects : ndarray of shape (4, 4186)
            Human IT, the mean over the two sessions of each subject: condensed RDMs, 1 - r
            of fMRI responses.
        sessions : ndarray of shape (4, 2, 4186)
            The RDM of each session.
        human : ndarray of shape (4186,)
            Human IT as published: 316 voxels, mean over subjects [1]_.
        monkey : ndarray of shape (4186,)
            Monkey IT: 674 neurons.
        models : dict of str to ndarray of shape (4186,)
            RDMs of models, such as 'animacy', 'V1' or 'Silhouette'; 'monkeyIT' is among
            them.
        categories : ndarray of str of shape (92,)
            Category of each image: 'human body', 'human face', 'nonhuman body',
            'nonhuman face', 'natural object' or 'artificial object'.
        images : ndarray of uint8 of shape (92, 175, 175, 3)
            The images, red, green and blue.

    Raises
    ------
    FileNotFoundError
        If neither `path` nor the environment variable names a folder with the files; says
        where to get them.
    ValueError
        If one of the files is damaged, or another file of its name; begins with the path.

    References
    ----------
    .. [1] Kriegeskorte, N., Mur, M., Ruff, D. A., Kiani, R., Bodurka, J., Esteky, H.,
       Tanaka, K. & Bandettini, P. A. (2008). Matching categorical object representations in
       inferior temporal cortex of man and monkey. Neuron 60(6), 1126-1141.
    """
    folder = _folder(path)
    brain, models, paper = (_read(folder / file) for file in (_BRAIN, _MODELS, _PAPER))
    with reading(folder / _BRAIN, _FOREIGN):
        sessions = np.array([[_condensed(r.RDM) for r in subject] for subject in brain["RDMs"]])
        subjects = sessions.mean(axis=1)
    with reading(folder / _MODELS, _FOREIGN):
        rdms = {model.name: _condensed(model.RDM) for model in models["Models"]}
    with reading(folder / _PAPER, _FOREIGN):
        monkey, human = (_condensed(rdm.RDM) for rdm in paper["RDMs_mIT_hIT_fig1"])
        stimuli = paper["stimuli_92objs"]
        categories = np.array([_category(image) for image in stimuli])
        images = np.stack([image.image for image in stimuli])
    return Bunch(
        subjects=subjects,
        sessions=sessions,
        human=human,
        monkey=monkey,
        models=rdms,
        categories=categories,
        images=images,
    )


def _folder(path: str | os.PathLike[str] | None) -> Path:
    named = path or os.environ.get(_VARIABLE)
    if named and all((Path(named) / file).is_file() for file in (_BRAIN, _MODELS, _PAPER)):
        return Path(named)
    where = f"{named} lacks some of" if named else f"{_VARIABLE} is not set to the folder of"
    raise FileNotFoundError(
        f"{where} {_BRAIN}, {_MODELS} and {_PAPER}. rsatoolbox publishes them: copy "
        "demos/92imageData of https://github.com/rsagroup/rsatoolbox and set "
        f"{_VARIABLE} to that folder, or pass it as path"
    )


def _read(file: Path) -> dict[str, Any]:
    with reading(file, "is damaged"):
        return loadmat(file, squeeze_me=True, struct_as_record=False)


def _condensed(rdm: np.ndarray) -> np.ndarray:
    rdm = rdm.astype(np.float64)
    return rdm if rdm.ndim == 1 else squareform(rdm, checks=False)


def _category(image: Any) -> str:
    if image.face or image.human or image.animal:
        kind = "human" if image.human else "nonhuman"
        return f"{kind} {'face' if image.face else 'body'}"
    return f"{'natural' if image.natural else 'artificial'} object"
