"""Linear regression by stochastic gradient descent, on standardised lags."""

from river import linear_model, preprocessing

from rivulet.models import Definition, Regressor


def build() -> Regressor:
    """Return the untrained model. It draws no random numbers."""
    regressor: Regressor = preprocessing.StandardScaler() | linear_model.LinearRegression()
    return regressor


DEFINITION = Definition("linear_regression", build)
