"""The checkout, its JSON API and the pages of an order."""

from __future__ import annotations

import asyncio
import json
import logging
from uuid import UUID

from django.contrib.auth.decorators import user_passes_test
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from checkout import export, shipping
from checkout.forms import OrderForm
from checkout.models import Order
from checkout.orders import place_order
from checkout.payment import PaymentDeclined

logger = logging.getLogger(__name__)


@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    """Show the form, or place the order that was filled in."""
    if request.method == "GET":
        form = OrderForm(initial={"product": request.GET.get("product"), "quantity": 1})
        return render(request, "checkout/checkout.html", {"form": form})
    form = OrderForm(request.POST)
    if form.is_valid():
        try:
            return redirect(place_order(form, request.user))
        except PaymentDeclined:
            logger.exception("payment failed for %s", form.cleaned_data["email"])
            form.add_error("card_number", "This card was declined.")
    return render(request, "checkout/checkout.html", {"form": form})


@csrf_exempt
@require_POST
def api_orders(request: HttpRequest) -> JsonResponse:
    """Place the order of a JSON object with the fields of the form."""
    try:
        form = OrderForm(json.loads(request.body))
    except ValueError:
        return JsonResponse({"error": "not JSON"}, status=400)
    if not form.is_valid():
        # Careless, as real apps are: the whole body is logged.
        logger.error("rejected order %s", form.data)
        return JsonResponse({"errors": form.errors.get_json_data()}, status=400)
    # Bug: unlike the form, the API doesn't expect a card to be declined.
    order = place_order(form, request.user)
    return JsonResponse({"reference": order.reference, "url": order.get_absolute_url()}, status=201)


@require_GET
async def api_delivery(request: HttpRequest) -> JsonResponse:
    """Tell what it costs to ship a kilogram to the ``postcode`` of the query string."""
    postcode = request.GET.get("postcode", "")
    # Bug: in many countries a postcode isn't a number.
    zone = int(postcode) // 1000
    cents = await asyncio.to_thread(shipping.quote, postcode, 1000)
    return JsonResponse({"zone": zone, "cents": cents})


@require_GET
def order(request: HttpRequest, reference: UUID, email: str) -> HttpResponse:
    """Show an order to whoever knows its reference and e-mail address."""
    # Careless, as real apps are: the URL holds an e-mail address, and now the log does.
    logger.info("order page %s", request.build_absolute_uri())
    found = get_object_or_404(Order, reference=reference, email=email)
    return render(request, "checkout/order.html", {"order": found})


@require_GET
def invoice(request: HttpRequest, reference: UUID, email: str) -> HttpResponse:
    """Show the invoice of an order; its template raises for some names."""
    found = get_object_or_404(Order, reference=reference, email=email)
    return render(request, "checkout/invoice.html", {"order": found})


@require_GET
@user_passes_test(lambda user: user.is_staff)
def export_orders(request: HttpRequest) -> StreamingHttpResponse:
    """Stream all orders as CSV."""
    # Django streams without a pause only what fits the server: see StreamingHttpResponse.
    rows = export.async_rows() if isinstance(request, ASGIRequest) else export.rows()
    return StreamingHttpResponse(
        rows,
        content_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="orders.csv"'},
    )
