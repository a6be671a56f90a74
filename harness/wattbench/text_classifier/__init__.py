"""Scores labels by the words of a text: the classifier behind routers, and its file.

May import: `wattbench.records`, `wattbench.errors`; NumPy and scikit-learn.
Must not import the suite's configuration: the reports judge the same classifier before it is built.
"""

from wattbench.text_classifier.file import load_classifier, save_classifier
from wattbench.text_classifier.model import TextClassifier, TextFeatures, features_for, fit_labels, fit_scores

__all__ = [
    "TextClassifier",
    "TextFeatures",
    "features_for",
    "fit_labels",
    "fit_scores",
    "load_classifier",
    "save_classifier",
]
