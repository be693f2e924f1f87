"""Sessions in NWB are networks: rows are stimuli, columns are the units of a region."""

from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from netrep_go.multiset import DistanceStore, pairwise_distances
from netrep_go.multiset._sources import read_array

pynwb = pytest.importorskip("pynwb", reason="NWB files need pynwb")

SCENES = "natural_scenes_presentations"
REGIONS = ("VISp", "VISl", "VISp")  # of the electrodes


def write(path, rng, *, allen=True, n_units=7, orientations=False):
    """Write a session like those of the Allen Brain Observatory; return what was presented."""
    session = pynwb.NWBFile("scenes", path.stem, datetime.now(UTC))
    probe = session.create_device("probe")
    group = session.create_electrode_group("probe", "electrodes", "V1", probe)
    for k, region in enumerate(REGIONS):
        session.add_electrode(location=region, group=group, group_name="probe", id=850 + k)
    if allen:
        session.add_unit_column("peak_channel_id", "the electrode of a unit")
    spikes = [np.sort(rng.uniform(0, 30, 300)) for _ in range(n_units)]
    for u, times in enumerate(spikes):
        place = {"peak_channel_id": 850 + u % 3} if allen else {"electrodes": [u % 3]}
        session.add_unit(spike_times=times, id=100 + u, **place)
    images = rng.permutation(np.repeat(np.arange(-1, 5), 4))
    table = pynwb.epoch.TimeIntervals(name=SCENES, description="images")
    table.add_column("frame", "image; -1 is none")
    if orientations:
        table.add_column("orientation", "of a grating, as text")
    for k, image in enumerate(images):
        more = {"orientation": "null" if image < 0 else str(10.0 * (image % 2))}
        table.add_row(
            start_time=float(k),
            stop_time=k + 0.25 + image / 100,
            frame=float(image),
            **(more if orientations else {}),
        )
    session.add_time_intervals(table)
    with pynwb.NWBHDF5IO(path, "w") as file:
        file.write(session)
    return images, spikes


def rates(images, spikes, image):
    """Return mean firing rates at an image, spike by spike."""
    found = []
    for times in spikes:
        each = [
            sum(k <= t < k + 0.25 + image / 100 for t in times) / (0.25 + image / 100)
            for k in np.flatnonzero(images == image)
        ]
        found.append(np.mean(each))
    return found


@pytest.mark.parametrize("allen", [True, False])
def test_rows_are_stimuli_and_columns_units_of_a_region(tmp_path, rng, allen):
    path = tmp_path / "a.nwb"
    images, spikes = write(path, rng, allen=allen)
    expected = np.array([rates(images, spikes, image) for image in range(-1, 5)])
    of_unit = np.array([REGIONS[u % 3] for u in range(7)])
    for region in ("VISp", "VISl"):
        found = read_array(f"{path}::{SCENES}/frame/{region}")
        assert_allclose(found, expected[:, of_unit == region], rtol=1e-12)
    assert_allclose(read_array(f"{path}::{SCENES}/frame"), expected, rtol=1e-12)


def test_values_that_are_missing_and_pairs_of_columns(tmp_path, rng):
    path = tmp_path / "a.nwb"
    images, spikes = write(path, rng, orientations=True)
    by_image = np.array([rates(images, spikes, image) for image in range(5)])
    found = read_array(f"{path}::{SCENES}/orientation")
    assert_allclose(found, [by_image[::2].mean(axis=0), by_image[1::2].mean(axis=0)])
    found = read_array(f"{path}::{SCENES}/orientation+frame")
    assert_allclose(found, by_image[[0, 2, 4, 1, 3]])


def test_sessions_are_networks_of_a_store(tmp_path, rng):
    pytest.importorskip("zarr")
    paths = {}
    for name in ("m1", "m2", "m3"):
        write(tmp_path / f"{name}.nwb", rng)
        for region in ("VISp", "VISl"):
            paths[f"{name}-{region}"] = f"{tmp_path}/{name}.nwb::{SCENES}/frame/{region}"
    store = DistanceStore(tmp_path / "store", tile_size=2)
    assert store.pairwise_distances("procrustes", paths, verbose=False).complete
    networks = {name: read_array(path) for name, path in paths.items()}
    assert [x.shape for x in networks.values()] == [(6, 5), (6, 2)] * 3
    assert_allclose(
        store.distances(), pairwise_distances("procrustes", networks, verbose=False), atol=1e-12
    )
    assert_array_equal(store.names, list(paths))


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("", "name a table of intervals, its column of stimuli and a region"),
        (SCENES, "name a table of intervals"),
        ("scenes/frame", f"no table of intervals 'scenes', but {SCENES}"),
        (f"{SCENES}/image", "no column 'image', but start_time, stop_time, frame"),
        (f"{SCENES}/frame/V9", "no units in 'V9', but VISl, VISp"),
    ],
)
def test_what_a_session_lacks_is_named(tmp_path, rng, inside, message):
    path = tmp_path / "a.nwb"
    write(path, rng)
    store = DistanceStore(tmp_path / "store")
    with pytest.raises(
        ValueError, match=rf"traindata\['a'\] .*a\.nwb.* cannot be read: .*{message}"
    ):
        store.pairwise_distances("procrustes", {"a": f"{path}::{inside}"}, verbose=False)
