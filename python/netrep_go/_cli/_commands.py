"""The commands: each reads files, calls one function and writes what that returns."""

from __future__ import annotations

from functools import partial

from netrep_go._cli import _distances, _embed, _info, _report, _store
from netrep_go._cli._calls import analyze, calling, capacity, compare, infer
from netrep_go._cli._measures import add_measure
from netrep_go._cli._parser import Command, Commands
from netrep_go._cli._shared import (
    ARRAY,
    CONTROLS,
    DATA,
    DISTANCES,
    LABELS,
    OF_RESPONSES,
    PATHS,
    TEXT,
)

COMMANDS: Commands = {
    "distances": Command(
        "Measure the distances between networks, in memory or in a store.",
        """  netrep-go distances nets/*.npy -o D.csv
  netrep-go distances nets/*.npy --metric cka --n-jobs 4 -o D.npz
  netrep-go distances nets/*.npy -p alpha=0.5 --store cohort --memory-limit 4GB
  netrep-go distances nets/*.npy --store part$i --batch $i,10    # then: store merge
  netrep-go distances rec.h5::V1 rec.h5::LM --test held.h5::V1 held.h5::LM \\
      --names V1 LM -o D.parquet
  netrep-go distances new/*.npy --to nets/*.npy -o D_new.csv     # then: embed --new""",
        _distances.fill,
        _distances.run,
    ),
    "compare": calling(
        "netrep_go.inference",
        "compare_networks",
        "Compare networks, or layers, by several measures: a row for each pair and measure.",
        """  netrep-go compare nets/*.npy --measures cka rsa procrustes -o table.csv
  netrep-go compare nets/*.npy --measures cka cka:estimator=unbiased procrustes:alpha=0.5
  netrep-go compare nets/*.npz --reference net0 -o table.parquet # arrays in them are layers""",
        {"networks": PATHS},
        compare,
    ),
    "report": Command(
        "Report on layers by all analyses: a page, tables, or a file for LayerReport.load.",
        """  netrep-go report activations.npz -o report.html              # arrays in it are layers
  netrep-go report nets/*.npz --y digits.txt --random-state 0 -o report.html
  netrep-go report activations.npz --measures rsa mutual_knn:n_neighbors=5 -o report.html
  netrep-go report layers/*.npy --targets voxels.npy --rdms subjects.csv -o report.npz""",
        _report.fill,
        _report.run,
    ),
    "calibrate": calling(
        "netrep_go.inference",
        "calibrate",
        "Compare values with those of shuffled samples: p-values, and values that chance is off.",
        """  netrep-go calibrate nets/*.npy --measures cka procrustes --random-state 0 -o null.csv
  netrep-go calibrate rec.h5::V1 rec.h5::LM --names V1 LM --strata runs.txt -o null.csv""",
        {"networks": PATHS, "strata": LABELS},
        infer,
        partial(add_measure, several=True),
        ["Y"],
    ),
    "bootstrap": calling(
        "netrep_go.inference",
        "bootstrap",
        "Give values of a measure intervals over samples, features or both.",
        """  netrep-go bootstrap nets/*.npy --measure procrustes:alpha=0.5 -o intervals.csv
  netrep-go bootstrap nets/*.npy --over features --n-jobs 4""",
        {"networks": PATHS},
        infer,
        partial(add_measure, several=False),
        ["Y"],
    ),
    "embed": Command(
        "Place networks in a Euclidean space from the distances between them.",
        """  netrep-go embed D.csv --n-components 3 -o points.csv
  netrep-go embed cohort --new D_new.csv -o points.csv           # a store, and later networks""",
        _embed.fill,
        _embed.run,
    ),
    "capacity": {
        "mean-field": capacity(
            "MeanFieldCapacity",
            "Estimate capacity, radius and dimension of manifolds by mean-field theory.",
            "mean-field",
            "--n-t 500 --random-state 0",
        ),
        "direct": capacity(
            "DirectCapacity",
            "Measure capacity by counting the labelings that are separable.",
            "direct",
            "--no-fit-intercept --random-state 0",
        ),
        "joint": capacity(
            "JointCapacity",
            "Estimate the capacity of all manifolds together, with their alignments.",
            "joint",
            "--n-t 500 --random-state 0",
        ),
        "mat": calling(
            "netrep_go.capacity",
            "analyze_mat",
            "Estimate the capacity of all sets of responses in PREFIX_tuning.mat.",
            """  netrep-go capacity mat alexnet --estimators mean-field -o capacity.csv
  netrep-go capacity mat alexnet --batch $i,10                   # then: capacity collect""",
            {"prefix": TEXT},
            analyze,
        ),
        "collect": calling(
            "netrep_go.capacity",
            "collect_mat",
            "Put together what batches of `capacity mat` found.",
            "  netrep-go capacity collect alexnet -o capacity.csv",
            {"prefix": TEXT},
        ),
    },
    "rsa": {
        "rdm": calling(
            "netrep_go.rsa",
            "rdm",
            "Compute representational dissimilarity matrices: a condensed one a row.",
            """  netrep-go rsa rdm layers/*.npy -o models.csv
  netrep-go rsa rdm sub*.npy --metric crossnobis --conditions images.txt --folds runs.txt""",
            {"data": DATA, "conditions": LABELS, "folds": LABELS, "noise": ARRAY},
        ),
        "compare": calling(
            "netrep_go.rsa",
            "compare",
            "Return the similarities of RDMs, all against all.",
            "  netrep-go rsa compare subjects.csv --models models.csv --method tau-a",
            {"rdms": DATA, "models": DATA, "sigma": ARRAY, "covariance": ARRAY, **CONTROLS},
        ),
        "evaluate": calling(
            "netrep_go.rsa",
            "evaluate",
            "Compare model RDMs with those of subjects, with noise ceiling and bootstrap.",
            "  netrep-go rsa evaluate models.csv --rdms subjects.csv --resample both "
            "--random-state 0",
            {"models": DATA, "rdms": DATA, "sigma": ARRAY, **CONTROLS},
        ),
        "permutation-test": calling(
            "netrep_go.rsa",
            "permutation_test",
            "Test model RDMs by permutations of conditions.",
            "  netrep-go rsa permutation-test models.csv --rdms subjects.csv --random-state 0",
            {"models": DATA, "rdms": DATA, "sigma": ARRAY, **CONTROLS},
        ),
        "noise-ceiling": calling(
            "netrep_go.rsa",
            "noise_ceiling",
            "Return the bounds of what a model can reach.",
            "  netrep-go rsa noise-ceiling subjects.csv --method pearson",
            {"rdms": DATA, "sigma": ARRAY, **CONTROLS},
        ),
        "searchlight": calling(
            "netrep_go.rsa",
            "searchlight",
            "Compare the RDM around every voxel of a mask with models.",
            "  netrep-go rsa searchlight responses.npy --models models.csv --mask mask.npy "
            "--radius 3 -o scores.csv",
            {
                "data": ARRAY,
                "models": DATA,
                "mask": ARRAY,
                "residuals": ARRAY,
                "residual_folds": LABELS,
                **OF_RESPONSES,
            },
        ),
        "time-resolved": calling(
            "netrep_go.rsa",
            "time_resolved",
            "Compare the RDM of every time point with models.",
            "  netrep-go rsa time-resolved sub*.npy --models models.csv --times times.npy -o t.csv",
            {
                "data": DATA,
                "models": DATA,
                "times": ARRAY,
                **OF_RESPONSES,
            },
        ),
    },
    "covariates": {
        "mantel": calling(
            "netrep_go.covariates",
            "mantel",
            "Test whether two matrices of distances are correlated.",
            "  netrep-go covariates mantel D.csv --D2 depths.csv --method spearman "
            "--random-state 0",
            {"D1": DISTANCES, "D2": DISTANCES, "strata": LABELS},
        ),
        "permanova": calling(
            "netrep_go.covariates",
            "permanova",
            "Test whether groups of networks differ.",
            "  netrep-go covariates permanova cohort --y regions.txt --strata animals.txt",
            {"D": DISTANCES, "y": LABELS, "strata": LABELS},
        ),
        "knn-permutation": calling(
            "netrep_go.covariates",
            "knn_permutation",
            "Test whether networks have the labels of their nearest neighbors.",
            "  netrep-go covariates knn-permutation D.csv --y depths.txt --n-neighbors 3",
            {"D": DISTANCES, "y": LABELS, "strata": LABELS},
        ),
    },
    "info": Command(
        "Say what runs here, what measures there are, or what is in files.",
        """  netrep-go info
  netrep-go info --measures
  netrep-go info nets/*.npy rec.h5::V1""",
        _info.fill,
        _info.run,
    ),
    "store": {
        "status": Command(
            "Say how far a store is; the exit code is 3 if it is not complete.",
            "  netrep-go store status cohort",
            _store.fill,
            _store.status,
        ),
        "merge": Command(
            "Take tiles from other stores of the same networks and options.",
            "  netrep-go store merge cohort part*",
            _store.fill_merge,
            _store.merge,
        ),
        "export": Command(
            "Write the distances in a store to a file.",
            "  netrep-go store export cohort -o D.parquet",
            _store.fill_export,
            _store.export,
        ),
    },
}
