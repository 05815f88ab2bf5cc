"""Which procedure carries out which order."""

from typing import get_args

import pytest

from runtime.contract.orders import Order
from runtime.worker.procedures import ORDERS

pytestmark = pytest.mark.thorough


def test_there_is_a_procedure_for_every_order_and_for_nothing_else() -> None:
    assert set(get_args(Order)) == set(ORDERS)
