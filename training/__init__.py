"""Data sets, the network, fitting and honest figures."""

from device.renamed import register

register(
    __name__,
    {
        "compute": "progress workers",
        "evaluation": "experiment runner tracking",
        "fitting": "data fit memory optimiser settings slices stack",
        "folds": "journal problem splits",
        "labels": "annotation",
        "measures": "metrics",
        "network": "checkpoint layers model",
        "report": "annotation_figure page plots",
        "windows": "cache decompose features prepare",
    },
    {
        "crossval": ".folds.cross_validation",
        "cvxeda_reference": "benchmarks.peers.cvxopt_solver",
        "files": "runtime.files",
        "judge": ".measures.figures",
        "kept": ".evaluation.final_model",
        "temperature": ".fitting.calibration",
    },
)
