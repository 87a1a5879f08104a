"""Learning-curve extrapolation: the last value of a curve from its beginning.

The models import scikit-learn when they are fitted, so that importing this package is cheap.
"""

from .extrapolation import CurveExtrapolation, Prediction
from .models import MODELS

__all__ = ["MODELS", "CurveExtrapolation", "Prediction"]
