"""Online bagging of three ridge regressions, on standardised lags.

The bootstrap is Oza's: each member learns an observation as often as a Poisson(1) draw says.
N. C. Oza, S. Russell: Online Bagging and Boosting. AISTATS 2001.
"""

from river import ensemble, linear_model, preprocessing

from rivulet.models import Definition, Regressor

SEED = 42


def build() -> Regressor:
    """Return the untrained model."""
    ridges = ensemble.BaggingRegressor(linear_model.LinearRegression(l2=1.0), n_models=3, seed=SEED)
    regressor: Regressor = preprocessing.StandardScaler() | ridges
    return regressor


DEFINITION = Definition("bagging_regressor", build)
