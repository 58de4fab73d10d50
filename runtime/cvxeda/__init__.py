"""Exact cvxEDA: `from runtime.cvxeda import CvxEDA`."""

from device.renamed import register
from runtime.cvxeda.solver import FLOORS as FLOORS
from runtime.cvxeda.solver import CvxEDA as CvxEDA
from runtime.cvxeda.solver import Decomposition as Decomposition

register(__name__, {}, {"": ".solver"})
