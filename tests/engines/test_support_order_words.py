"""What a user is told of an order says how it stands, and nothing of anybody else's."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.enums import OrderStatus, PaymentStatus, Vertical
from engines.support import wording
from engines.support.answering import Reply
from engines.support.order_words import STATES, Known, told, with_order
from engines.support.ports import Order, Payment

AT = datetime(2026, 11, 21, 8, 5, tzinfo=UTC)
ORDER = Order(
    "ORD10001", "R1", Vertical.RIDE, OrderStatus.COMPLETED, AT, AT, None, None, 1240, "USD"
)
ANSWER = "Open Orders and tap Receipt."
REPLY = Reply(
    "answer", wording.answer(ANSWER, "ORD10001"), "invoice_request", 0.9, 0.9, 0.0, "KB0001", [],
    [], None, "LOW", "r1", order_id="ORD10001",
)  # fmt: skip


def paid(kind, status, amount):
    return Payment(f"PAY{kind}{amount}", "ORD10001", kind, status, amount, "USD", AT)


STANDS = "Order ORD10001 (ride) was completed on 21 November at 08:05 UTC."


def test_a_completed_order_with_money_given_back():
    payments = [
        paid("CHARGE", PaymentStatus.FAILED, 1240),
        paid("CHARGE", PaymentStatus.CAPTURED, 1240),
        paid("FEE", PaymentStatus.CAPTURED, 60),
        paid("REFUND", PaymentStatus.REFUNDED, 500),
        paid("PAYOUT", PaymentStatus.CAPTURED, 900),
        replace(paid("CHARGE", PaymentStatus.CAPTURED, 7), currency="EUR"),
    ]
    assert told(Known(ORDER, payments)) == (
        f"{STANDS} 13.00 USD was paid for it. 5.00 USD was given back."
    )


@pytest.mark.parametrize(
    ("payments", "words"),
    [
        ([], "The fare was quoted as 12.40 USD."),
        ([("CHARGE", PaymentStatus.AUTHORISED)], "12.40 USD is reserved for it."),
        ([("CHARGE", PaymentStatus.FAILED)], "The payment for it did not go through."),
        ([("CHARGE", PaymentStatus.CHARGED_BACK)], "12.40 USD was taken back through the bank."),
        ([("BONUS", PaymentStatus.CAPTURED)], "The fare was quoted as 12.40 USD."),
    ],
)
def test_a_rider_is_told_how_the_money_stands(payments, words):
    known = Known(ORDER, [paid(kind, status, 1240) for kind, status in payments])
    assert told(known) == f"{STANDS} {words}"


def test_an_order_that_came_to_nothing_has_no_fare():
    expired = replace(ORDER, status=OrderStatus.EXPIRED, completed_at=None)
    assert told(Known(expired, [])) == "Order ORD10001 (ride) ended without a driver."


def test_a_cancelled_order_says_by_whom_and_a_driver_sees_no_payments():
    order = replace(
        ORDER, status=OrderStatus.CANCELLED, completed_at=None, cancelled_at=AT,
        cancelled_by="DRIVER", vertical=Vertical.GOODS,
    )  # fmt: skip
    wanted = "Order ORD10001 (delivery) was cancelled by the driver on 21 November at 08:05 UTC."
    assert told(Known(order)) == wanted


@pytest.mark.parametrize("status", OrderStatus)
def test_every_state_has_words(status):
    assert "{" not in told(Known(replace(ORDER, status=status)))
    assert status in STATES


@pytest.mark.parametrize("vertical", Vertical)
def test_every_vertical_has_a_name(vertical):
    assert told(Known(replace(ORDER, vertical=vertical))).startswith("Order ORD10001 (")


def test_the_answer_follows_what_is_known_of_the_order():
    found = with_order(REPLY, Known(ORDER))
    assert found.content == f"{told(Known(ORDER))} {ANSWER}"


def test_an_order_that_is_not_theirs_is_not_found():
    found = with_order(REPLY, None)
    assert found.content.startswith("I cannot find order ORD10001 in your account")
    assert found.content.endswith(ANSWER)
