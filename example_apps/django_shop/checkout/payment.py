"""Take the money; a stand-in for a payment service, so no real card is ever charged."""

from __future__ import annotations


class PaymentDeclined(Exception):
    """The bank said no."""


def charge(card_number: str, holder: str, cents: int) -> str:
    """Charge a card and return its last four digits.

    Raises PaymentDeclined for a number that fails the check digit (ISO/IEC 7812-1, annex B).
    """
    digits = [int(character) for character in card_number if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    if not digits or (sum(digits[-1::-2]) + sum(doubled)) % 10:
        # Careless, as real apps are: the card and its holder end up in the message.
        raise PaymentDeclined(f"card {card_number} of {holder} declined for {cents} cents")
    return "".join(map(str, digits[-4:]))
