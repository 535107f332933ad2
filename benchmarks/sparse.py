"""The cube's additions as a product of sparse matrices: X'WG, the floor under the cube step.

X has a row per respondent and a column per counted answer, W the weights, G a column per group. Read from the same two
tables as the models, so the work is the same: 37 million additions at the shipped size. Names, pseudo-answers and the
writing of a table come on top in the models.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
from scipy import sparse

UNIT = 1e9
# Where the answers and respondents of a wave begin, when those of all waves are numbered in one row.
WAVES = """
    with
    sizes as (
        select survey, year, answers, people
        from (select survey, year, max(answer_no) as answers from intermediate.int_answer_keys group by all)
        inner join (
            select survey, year, max(respondent_no) as people from staging.stg_respondents group by all
        ) using (survey, year)
    ),
    waves as (
        select survey, year, coalesce(sum(answers) over earlier, 0) as answer_from,
            coalesce(sum(people) over earlier, 0) as person_from
        from sizes
        window earlier as (order by survey, year rows between unbounded preceding and 1 preceding)
    )
"""


@dataclass(frozen=True)
class Numbers:
    """The long tables of one warehouse as numbers, in numpy's types.

    Args:
        answer: Counted answer of each row of int_counted_answers, over all waves, (rows,).
        person: Its respondent, over all waves, (rows,).
        weight: Its weight in units of 1e-9, whole, (rows,).
        value: The number given, NaN where there is none, (rows,).
        member: Respondent of each row of int_group_members, (memberships,).
        group: Its group within the wave, (memberships,).
    """

    answer: np.ndarray
    person: np.ndarray
    weight: np.ndarray
    value: np.ndarray
    member: np.ndarray
    group: np.ndarray


def read(connection: duckdb.DuckDBPyConnection) -> Numbers:
    """Read both tables; answers and respondents of all waves are numbered in one row.

    Args:
        connection: Connection to a warehouse.
    """
    answers = connection.execute(
        WAVES
        + """
        select cast(answer_from + answer_no - 1 as integer) as answer,
            cast(person_from + respondent_no - 1 as integer) as person,
            cast(cast(weight as double) * 1e9 as bigint) as weight,
            coalesce(cast(value as double), 'nan'::double) as value
        from intermediate.int_counted_answers inner join waves using (survey, year)
        """
    ).fetchnumpy()
    members = connection.execute(
        WAVES
        + """
        select cast(person_from + respondent_no - 1 as integer) as member, group_no as "group"
        from intermediate.int_group_members inner join waves using (survey, year)
        """
    ).fetchnumpy()
    return Numbers(**answers, **members)


def product_sums(numbers: Numbers) -> Mapping[str, sparse.csr_matrix]:
    """Sums of the cube for every counted answer and group.

    Args:
        numbers: What was read.

    Returns:
        Name of the sum (n, sum_w in units of 1e-9, sum_w2 in units of 1e-18, and the four of numbers, as doubles) to a
        matrix (answers, groups + 1).
    """
    people = 1 + max(int(numbers.person.max()), int(numbers.member.max()))
    answers = 1 + int(numbers.answer.max())
    groups = sparse.csr_matrix(
        (np.ones(len(numbers.member), np.int64), (numbers.member, numbers.group)),
        shape=(people, 1 + int(numbers.group.max())),
    )
    # The places are the same for every sum; only the data differ.
    place = sparse.csr_matrix(
        (np.arange(len(numbers.answer)), (numbers.answer, numbers.person)), shape=(answers, people)
    )

    def product(data: np.ndarray) -> sparse.csr_matrix:
        return sparse.csr_matrix((data[place.data], place.indices, place.indptr), shape=place.shape) @ groups

    w, held = numbers.weight / UNIT, ~np.isnan(numbers.value)
    x, wx = numbers.value[held], w[held] * numbers.value[held]
    some = (numbers.answer[held], numbers.person[held])

    def product_of_numbers(data: np.ndarray) -> sparse.csr_matrix:
        return sparse.csr_matrix((data, some), shape=place.shape) @ groups

    return {
        "n": product(np.ones(len(w), np.int64)),
        "sum_w": product(numbers.weight),
        "sum_w2": product(w * w),
        "sum_wx": product_of_numbers(wx),
        "sum_wx2": product_of_numbers(wx * x),
        "sum_w2x": product_of_numbers(w[held] * wx),
        "sum_w2x2": product_of_numbers(wx * wx),
    }
