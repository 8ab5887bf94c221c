"""How good the models are on a folder of series: the platform's fold, without the platform. Never deployed."""
