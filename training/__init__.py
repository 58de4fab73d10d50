"""Data sets, the network, fitting and honest figures."""

from device.renamed import register

register(
    __name__,
    {
        "compute": "progress workers",
        "evaluation": "experiment journal metrics problem runner splits tracking",
        "fitting": "data fit memory optimiser settings slices stack",
        "labels": "annotation",
        "network": "checkpoint layers model",
        "report": "annotation_figure page plots",
        "windows": "cache decompose features prepare",
    },
    {
        "crossval": ".evaluation.cross_validation",
        "cvxeda_reference": "benchmarks.peers.cvxopt_solver",
        "files": "runtime.files",
        "judge": ".evaluation.figures",
        "kept": ".evaluation.final_model",
        "temperature": ".fitting.calibration",
    },
)
