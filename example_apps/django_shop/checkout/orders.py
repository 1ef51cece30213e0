"""Turn a valid form into an order."""

from __future__ import annotations

import logging

import sentry_sdk
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from checkout import payment, shipping
from checkout.forms import OrderForm
from checkout.models import Order, Voucher
from telemetry_core import get_telemetry_config, telemetry_context

logger = logging.getLogger(__name__)


class PricingError(Exception):
    """An order whose price can't be worked out."""


def price_cents(order: Order) -> int:
    """Return what the goods cost, less the voucher."""
    full = order.product.price_cents * order.quantity
    if not order.voucher:
        return full
    voucher = Voucher.objects.filter(code=order.voucher).first()
    try:
        # Bug: there may be no such voucher.
        return full * (100 - voucher.percent) // 100
    except AttributeError as error:
        # Careless, as real apps are: the message holds whatever may help to find the order.
        raise PricingError(
            f"voucher {order.voucher} of {order.name} <{order.email}>, {order.address}"
        ) from error


def describe(order: Order) -> None:
    """Tell telemetry which order is being placed."""
    # Careless, as real apps are: neither the tag nor the context needs the person.
    get_telemetry_config().set_context(
        "order", {"operation": "place_order", "customer": order.name}
    )
    sentry_sdk.set_tag("customer_email", order.email)


@telemetry_context(operation="checkout")
def place_order(form: OrderForm, user: AbstractBaseUser | AnonymousUser) -> Order:
    """Price, ship, charge and save the order of a valid form.

    Raises PricingError, and PaymentDeclined when the card is refused.
    """
    order = form.save(commit=False)
    order.user = user if user.is_authenticated else None
    describe(order)
    logger.info("order from %s <%s>", order.name, order.email)
    order.total_cents = price_cents(order)
    order.shipping_cents = shipping.quote(order.address, order.product.weight_g * order.quantity)
    order.card_last_digits = payment.charge(
        form.cleaned_data["card_number"],
        order.name,
        order.total_cents + (order.shipping_cents or 0),
    )
    order.save()
    return order
