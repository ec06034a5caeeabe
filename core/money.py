"""Money is integer cents plus an ISO 4217 currency; splitting it never loses a cent."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import BadInput


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in integer cents of one currency."""

    cents: int
    currency: str = "USD"

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.cents + other.cents, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.cents - other.cents, self.currency)

    def __str__(self) -> str:
        sign = "-" if self.cents < 0 else ""
        return f"{sign}{abs(self.cents) // 100}.{abs(self.cents) % 100:02d} {self.currency}"

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise BadInput(
                f"expected {self.currency}, got {other.currency}: convert before adding money"
            )


def largest_remainder(total_cents: int, weights: Sequence[float]) -> list[int]:
    """Split ``total_cents`` in proportion to ``weights`` so that the parts sum to it exactly.

    Ties go to the earlier part. All-zero weights split evenly.

    Raises
    ------
    BadInput
        If there is no part to give the money to, or a weight is negative.

    Source
    ------
    Hamilton's method (largest remainder), as used for apportionment.
    """
    if not weights or min(weights) < 0:
        raise BadInput(f"expected one or more weights >= 0, got {list(weights)}")
    sign = -1 if total_cents < 0 else 1
    amount = abs(total_cents)
    total_weight = sum(weights)
    shares = (
        [w / total_weight for w in weights] if total_weight else [1 / len(weights)] * len(weights)
    )
    parts = [int(amount * share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: (parts[i] - amount * shares[i], i))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]
