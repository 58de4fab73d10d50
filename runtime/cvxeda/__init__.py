"""Exact cvxEDA: `from runtime.cvxeda import CvxEDA, decompose`."""

from device.renamed import register
from runtime.cvxeda.recording import RecordingDecomposition as RecordingDecomposition
from runtime.cvxeda.recording import decompose as decompose
from runtime.cvxeda.solver import FLOORS as FLOORS
from runtime.cvxeda.solver import CvxEDA as CvxEDA
from runtime.cvxeda.solver import Decomposition as Decomposition

register(__name__, {}, {"": ".solver"})
