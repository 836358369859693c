"""Tests of factors survive being laid out as a table, with everything that could not be had."""

import pytest
from polars.testing import assert_frame_equal

from made_factors import make_factors
from naze.errors import InputError
from naze.factors import tested
from naze.factors.result import open_factors
from naze.records import Outcome


@pytest.fixture(scope="module", params=[Outcome.WIN, Outcome.TIE])
def validation(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("factors") / "made"
    make_factors(folder, request.param)
    return open_factors(folder).validation


def test_tests_survive_a_round_trip(validation):
    table = tested.tests_table(validation)
    assert tested.read_tests(table) == list(validation)
    assert_frame_equal(tested.tests_table(tested.read_tests(table)), table)
    assert any(test.kappa.low is None for test in validation)


def test_no_tests_are_a_table_with_all_columns(validation):
    empty = tested.tests_table([])
    assert empty.schema == tested.tests_table(validation).schema
    assert tested.read_tests(empty) == []


def test_a_table_of_another_version_is_said(validation):
    with pytest.raises(InputError, match="no column 'q_value'"):
        tested.read_tests(tested.tests_table(validation).drop("q_value"))
