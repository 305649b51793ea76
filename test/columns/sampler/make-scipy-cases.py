"""Writes scipy-cases.json: what scipy.stats itself says of distributions, for scipy.test.ts to compare draws with.

    python -m venv venv && venv/bin/pip install scipy==1.17.1
    venv/bin/python test/columns/sampler/make-scipy-cases.py > test/columns/sampler/scipy-cases.json

Of continuous distributions the 49 quantiles at 0.02, 0.04 ... 0.98; of discrete ones the values from the first to the last that is
not very rare, with their probabilities.
"""

import json

import numpy as np
from scipy import stats

CONTINUOUS = [
    ("beta", {"a": 2, "b": 5}),
    ("beta", {"a": 0.3, "b": 0.6, "loc": -1, "scale": 4}),
    ("beta", {"a": 0.5, "b": 3}),
    ("cauchy", {"loc": 1, "scale": 2}),
    ("chi2", {"df": 1}),
    ("chi2", {"df": 7.5, "loc": 2, "scale": 0.5}),
    ("erlang", {"a": 3, "scale": 2}),
    ("expon", {"scale": 1.5}),
    ("expon", {"loc": -3, "scale": 0.1}),
    ("exponnorm", {"K": 1.5, "loc": 1}),
    ("f", {"dfn": 4, "dfd": 9}),
    ("gamma", {"a": 0.4}),
    ("gamma", {"a": 1}),
    ("gamma", {"a": 9.5, "loc": 3, "scale": 2.5}),
    ("gumbel_l", {"loc": 1, "scale": 2}),
    ("gumbel_r", {"loc": 1, "scale": 2}),
    ("halfnorm", {"scale": 3}),
    ("invgamma", {"a": 2.5, "scale": 4}),
    ("laplace", {"loc": -1, "scale": 2}),
    ("logistic", {"loc": 5, "scale": 0.5}),
    ("lognorm", {"s": 0.9}),
    ("lognorm", {"s": 0.25, "loc": 10, "scale": 50}),
    ("loguniform", {"a": 0.01, "b": 100}),
    ("lomax", {"c": 2.5}),
    ("norm", {}),
    ("norm", {"loc": 100, "scale": 15}),
    ("pareto", {"b": 2.6, "loc": -1, "scale": 3}),
    ("powerlaw", {"a": 0.4, "scale": 10}),
    ("rayleigh", {"scale": 2}),
    ("reciprocal", {"a": 2, "b": 3}),
    ("skewnorm", {"a": 4, "loc": 1, "scale": 2}),
    ("skewnorm", {"a": -1.5}),
    ("t", {"df": 2.5}),
    ("t", {"df": 30, "loc": 1, "scale": 2}),
    ("triang", {"c": 0.25, "loc": 2, "scale": 4}),
    ("triang", {"c": 0}),
    ("triang", {"c": 1}),
    ("truncnorm", {"a": -1, "b": 2, "loc": 10, "scale": 3}),
    ("truncnorm", {"a": -0.5, "b": 9}),
    ("truncnorm", {"a": 3, "b": 20}),
    ("truncnorm", {"a": 2, "b": 2.2}),
    ("truncnorm", {"a": -7, "b": -4}),
    ("uniform", {"loc": -3, "scale": 8}),
    ("weibull_max", {"c": 1.7}),
    ("weibull_min", {"c": 0.7}),
    ("weibull_min", {"c": 3, "loc": 1, "scale": 2}),
]
DISCRETE = [
    ("bernoulli", {"p": 0.3, "loc": 5}),
    ("betabinom", {"n": 12, "a": 2, "b": 0.7}),
    ("binom", {"n": 12, "p": 0.25}),
    ("binom", {"n": 400, "p": 0.6, "loc": -100}),
    ("geom", {"p": 0.3}),
    ("geom", {"p": 0.02, "loc": -1}),
    ("nbinom", {"n": 5, "p": 0.4}),
    ("nbinom", {"n": 0.7, "p": 0.1}),
    ("poisson", {"mu": 2.5, "loc": 1}),
    ("poisson", {"mu": 80}),
    ("randint", {"low": -3, "high": 9}),
]


def continuous(name, params):
    return [float(x) for x in getattr(stats, name)(**params).ppf(np.arange(1, 50) / 50)]


def discrete(name, params):
    frozen = getattr(stats, name)(**params)
    first, last = int(frozen.ppf(1e-7)), int(frozen.ppf(1 - 1e-7))
    return {"first": first, "shares": [float(p) for p in frozen.pmf(np.arange(first, last + 1))]}


cases = {
    "continuous": [{"dist_name": n, "dist_params": p, "quantiles": continuous(n, p)} for n, p in CONTINUOUS],
    "discrete": [{"dist_name": n, "dist_params": p, **discrete(n, p)} for n, p in DISCRETE],
}
lines = [
    f'  "{kind}": [\n' + ",\n".join("    " + json.dumps(case) for case in listed) + "\n  ]" for kind, listed in cases.items()
]
print("{\n" + ",\n".join(lines) + "\n}")
