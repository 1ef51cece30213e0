"""Search and product pages."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from catalogue.models import Product

logger = logging.getLogger(__name__)


def search(request: HttpRequest) -> HttpResponse:
    """List the products, or those whose name holds the ``q`` of the query string."""
    query = request.GET.get("q", "").strip()
    products = Product.objects.all()
    if query:
        # Careless, as real apps are: people type names and addresses into search boxes.
        logger.info("search for %r from %s", query, request.META["REMOTE_ADDR"])
        products = products.filter(name__icontains=query)
    # Bug: any text is taken for the name of a column.
    products = products.order_by(request.GET.get("sort", "name"))
    return render(request, "catalogue/search.html", {"products": products, "query": query})


def product(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one product."""
    return render(
        request, "catalogue/product.html", {"product": get_object_or_404(Product, slug=slug)}
    )
