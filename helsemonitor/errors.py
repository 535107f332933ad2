"""The two ways a refresh ends early: the data are refused, or somebody else is writing."""

from collections.abc import Iterable


class DataRefused(Exception):  # noqa: N818 - named for what happened to the data, as a person would say it
    """The data, the codebook or the results are not fit to be published.

    Args:
        sentences: One sentence per finding: what, where, how many, what to mend. Counts, never respondents.
    """

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__("\n".join(self.sentences))


class RefreshRunning(DataRefused):
    """Another process holds the writer's lock or the warehouse file."""
