"""What the demo asks of the apps, what it plants where, and what should arrive: a table.

``{me.email}`` is a value of a person made up for this one request, ``{user.email}`` one of the
account that the app knows, ``{got.order}`` something that an earlier answer held. Each value of a
person that is filled in is planted, and must not be found in what leaves the app.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

JSON: TypeAlias = "str | int | list[JSON] | dict[str, JSON]"

SHOP, NOTES = "django_shop", "flask_notes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One request, what it holds, and what it should make the app send."""

    app: str
    title: str
    path: str
    route: str
    """The name under which errors and transactions should arrive; never the path itself."""
    status: int
    method: str = "GET"
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    page: str = ""
    """The page that holds the form, loaded first as a browser would; ``path`` if not given."""
    json: JSON | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    as_user: bool = False
    """Whether it is sent by the browser that has logged in, or by a fresh one."""
    errors: tuple[str, ...] = ()
    """How the titles of the events begin that should arrive: an exception's type or a message."""
    keeps: Mapping[str, str] = field(default_factory=dict)
    """Names for ``{got...}``, each with a pattern for the Location header and the body."""


EVERY_REQUEST: Mapping[str, str] = {
    "X-Forwarded-For": "{me.ip}",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Demo/1.0 ({me.username})",
    "Referer": "https://mail.example/inbox?to={me.email}",
    "From": "{me.email}",
    "X-Device-Name": "Phone of {me.name}",
    # A front-end of somebody else's: its baggage names the person, and it has decided to sample.
    "sentry-trace": "{trace.id}-{trace.span}-1",
    "baggage": "sentry-trace_id={trace.id},sentry-sampled=true,sentry-sample_rate=1,"
    "sentry-user_id={me.username},other-mail={me.email}",
}
"""Headers sent with each request, whatever its scenario says."""

EVERY_COOKIE: Mapping[str, str] = {"remember_me": "{me.token}", "who": "{me.username}"}

ORDER: Mapping[str, str] = {
    "product": "blue-shoes",
    "quantity": "2",
    "name": "{me.name}",
    "email": "{me.email}",
    "address": "{me.address}",
    "card_number": "{me.card}",
}

INVOICE = "/orders/<uuid:reference>/<str:email>/invoice/"

SCENARIOS: tuple[Scenario, ...] = (
    # The Django shop
    Scenario(
        app=SHOP,
        title="searches the catalogue",
        path="/",
        query={"q": "{me.text}", "utm_email": "{me.email}"},
        route="/",
        status=200,
    ),
    Scenario(
        app=SHOP,
        title="sorts by a column that isn't there",
        path="/",
        query={"q": "shoes", "sort": "{me.voucher}"},
        route="/",
        status=500,
        errors=("FieldError",),
    ),
    Scenario(
        app=SHOP,
        title="orders with an unknown voucher",
        method="POST",
        path="/checkout/",
        form={**ORDER, "voucher": "{me.voucher}"},
        route="/checkout/",
        status=500,
        errors=("PricingError",),
    ),
    Scenario(
        app=SHOP,
        title="pays with a mistyped card",
        method="POST",
        path="/checkout/",
        form={**ORDER, "card_number": "{me.bad_card}"},
        route="/checkout/",
        status=200,
        errors=("PaymentDeclined",),
    ),
    Scenario(
        app=SHOP,
        title="orders by JSON, mistyped card",
        method="POST",
        path="/api/orders/",
        json={**ORDER, "card_number": "{me.bad_card}", "note": {"allergies": ["{me.text}"]}},
        headers={"Authorization": "Bearer {me.token}"},
        route="/api/orders/",
        status=500,
        errors=("PaymentDeclined",),
    ),
    Scenario(
        app=SHOP,
        title="orders by JSON, half the fields",
        method="POST",
        path="/api/orders/",
        json={"name": "{me.name}", "email": "{me.email}", "iban": "{me.iban}", "x": "{me.phone}"},
        route="/api/orders/",
        status=400,
        errors=("rejected order",),
    ),
    Scenario(
        app=SHOP,
        title="orders, e-mail in place of a name",
        method="POST",
        path="/api/orders/",
        # A name of no known form, read from the database while somebody else's request is served,
        # is beyond what can be recognised: it was not sent, and nobody is logged in.
        json={**ORDER, "name": "{me.email}"},
        route="/api/orders/",
        status=201,
        keeps={"order": r"/orders/([0-9a-f-]{36})/", "customer": r"/orders/[0-9a-f-]{36}/([^/]+)/"},
    ),
    Scenario(
        app=SHOP,
        title="opens the invoice of that order",
        path="/orders/{got.order}/{got.customer}/invoice/",
        route=INVOICE,
        status=500,
        errors=("ValueError",),
    ),
    Scenario(
        app=SHOP,
        title="opens an order that isn't there",
        path="/orders/00000000-0000-4000-8000-000000000000/{me.email}/",
        query={"phone": "{me.phone}"},
        route="/orders/<uuid:reference>/<str:email>/",
        status=404,
    ),
    Scenario(
        app=SHOP,
        title="comes from an unknown region",
        path="/products/tea-pot/",
        headers={"X-Shop-Region": "{me.ip} {me.voucher}"},
        route="/products/<slug:slug>/",
        status=500,
        errors=("KeyError",),
    ),
    Scenario(
        app=SHOP,
        title="asks for delivery to a postcode",
        path="/api/delivery/",
        query={"postcode": "{me.postcode}"},
        route="/api/delivery/",
        status=500,
        errors=("ValueError",),
    ),
    Scenario(
        app=SHOP,
        title="mistypes the password",
        method="POST",
        path="/accounts/login/",
        form={"username": "{me.username}", "password": "{me.password}"},
        route="/accounts/login/",
        status=200,
        errors=("log-in failed for",),
    ),
    Scenario(
        app=SHOP,
        title="logs in",
        method="POST",
        path="/accounts/login/",
        form={"username": "{user.username}", "password": "{user.password}"},
        as_user=True,
        route="/accounts/login/",
        status=302,
    ),
    Scenario(
        app=SHOP,
        title="asks for a year with no orders",
        path="/accounts/statement/",
        query={"year": "1931", "born": "{me.born}"},
        as_user=True,
        route="/accounts/statement/",
        status=500,
        errors=("EmptyStatement",),
    ),
    Scenario(
        app=SHOP,
        title="exports, and the stream breaks off",
        path="/orders/export.csv",
        as_user=True,
        route="/orders/export.csv",
        status=200,
        errors=("ValueError",),
    ),
    # The Flask notebook
    Scenario(
        app=NOTES,
        title="registers",
        method="POST",
        path="/auth/register",
        form={"name": "{me.name}", "email": "{me.email}", "password": "{me.password}"},
        route="/auth/register",
        status=302,
    ),
    Scenario(
        app=NOTES,
        title="registers a known address",
        method="POST",
        path="/auth/register",
        form={"name": "{me.name}", "email": "{user.email}", "password": "{me.password}"},
        route="/auth/register",
        status=200,
        errors=("IntegrityError",),
    ),
    Scenario(
        app=NOTES,
        title="mistypes the password",
        method="POST",
        path="/auth/login",
        form={"email": "{me.email}", "password": "{me.password}"},
        route="/auth/login",
        status=200,
        errors=("log-in failed for",),
    ),
    Scenario(
        app=NOTES,
        title="comes from an unknown time zone",
        path="/auth/login",
        cookies={"timezone": "Europe/{me.username}"},
        route="/auth/login",
        status=500,
        errors=("ZoneInfoNotFoundError",),
    ),
    Scenario(
        app=NOTES,
        title="opens a page that isn't there",
        path="/people-of/{me.email}/{me.phone}",
        query={"iban": "{me.iban}"},
        route="<< unparameterized >>",
        status=404,
    ),
    Scenario(
        app=NOTES,
        title="logs in",
        method="POST",
        path="/auth/login",
        form={"email": "{user.email}", "password": "{user.password}"},
        as_user=True,
        route="/auth/login",
        status=302,
    ),
    Scenario(
        app=NOTES,
        title="writes a note",
        method="POST",
        path="/notes/new",
        form={
            "title": "{me.text}",
            "body": "{me.name}, {me.phone}, {me.email}, {me.iban}, {me.file}",
            "remind_on": "",
        },
        as_user=True,
        route="/notes/new",
        status=302,
        keeps={"note": r"/notes/([0-9]+)"},
    ),
    Scenario(
        app=NOTES,
        title="types a date in words",
        method="POST",
        path="/notes/new",
        form={"title": "{me.file}", "body": "{me.address}", "remind_on": "{me.born}"},
        as_user=True,
        route="/notes/new",
        status=500,
        errors=("ValueError",),
    ),
    Scenario(
        app=NOTES,
        title="shares it, the mail service is down",
        method="POST",
        path="/notes/{got.note}/share",
        page="/notes/{got.note}",
        form={"email": "{me.email}"},
        as_user=True,
        route="/notes/<int:note_id>/share",
        status=302,
        errors=("HTTPError",),
    ),
    Scenario(
        app=NOTES,
        title="checks its addresses, still down",
        path="/notes/{got.note}/recipients",
        as_user=True,
        route="/notes/<int:note_id>/recipients",
        status=500,
        errors=("HTTPError",),
    ),
    Scenario(
        app=NOTES,
        title="checks as many as a phone number",
        path="/notes/{got.note}/recipients",
        query={"limit": "{me.phone}"},
        as_user=True,
        route="/notes/<int:note_id>/recipients",
        status=500,
        errors=("ValueError",),
    ),
    Scenario(
        app=NOTES,
        title="searches with an open bracket",
        path="/",
        query={"q": "({me.name}"},
        as_user=True,
        route="/",
        status=500,
        errors=("ValueError",),
    ),
    Scenario(
        app=NOTES,
        title="looks up a person",
        path="/people/{me.email}",
        as_user=True,
        route="/people/<email>",
        status=500,
        errors=("ValueError",),
    ),
    Scenario(
        app=NOTES,
        title="exports, and the stream breaks off",
        path="/export.txt",
        as_user=True,
        route="/export.txt",
        status=200,
        errors=("RuntimeError",),
    ),
    Scenario(
        app=NOTES,
        title="looks at the profile",
        path="/auth/profile",
        as_user=True,
        route="/auth/profile",
        status=200,
        keeps={"api_token": r'id="token">([^<]+)<'},
    ),
    Scenario(
        app=NOTES,
        title="shares by JSON with a stranger",
        method="POST",
        path="/api/notes",
        json={
            "title": "{me.text}",
            "body": "born {me.born}, pays with {me.card}",
            "remind_on": "{me.born}",
            "share_with": ["{me.email}"],
        },
        headers={"Authorization": "Bearer {got.api_token}"},
        route="/api/notes",
        status=500,
        errors=("LookupError",),
    ),
    Scenario(
        app=NOTES,
        title="calls the API with a wrong token",
        path="/api/notes",
        query={"q": "{me.text}"},
        headers={"Authorization": "Bearer {me.token}"},
        route="/api/notes",
        status=401,
        errors=("no account for token",),
    ),
)
