"""How a refresh ends early: the data are refused, or the place where it runs does not allow it."""

from collections.abc import Iterable


class Refusal(Exception):  # noqa: N818 - named for what happened, as a person would say it
    """The run ends with sentences that say what to mend.

    Args:
        sentences: One sentence per finding: what, where, how many, what to mend. Counts, never respondents.
    """

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__("\n".join(self.sentences))


class DataRefused(Refusal):
    """The data, the codebook or the results are not fit to be published."""


class PlaceUnfit(Refusal):
    """The folders, the disk or the machine do not allow a run; nothing is wrong with the data."""


class RefreshRunning(PlaceUnfit):
    """Another process holds the writer's lock or the warehouse file."""


def refusal(shown: str, finding: str, mend: str) -> DataRefused:
    """Refuse a file in one sentence.

    Args:
        shown: The file as a person would type it, with the line where there is one.
        finding: What was found, with counts and without any cell.
        mend: What to mend.
    """
    return DataRefused([f"{shown}: {finding}; {mend}."])
