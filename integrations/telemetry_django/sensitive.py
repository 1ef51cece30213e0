"""What the application marks with Django's ``sensitive_variables`` and its kin."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Collection, Iterator
from traceback import walk_tb
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.decorators.debug import coroutine_functions_to_sensitive_variables

ALL = "__ALL__"
MAX_CHAIN = 10
"""Exceptions of a chain that are looked at."""

_WRAPPER = "sensitive_variables_wrapper"


def sensitive_post_values(request: HttpRequest) -> Iterator[Any]:
    """Yield the marked fields of a form that was read."""
    form = request.__dict__.get("_post")
    marked: Collection[str] = getattr(request, "sensitive_post_parameters", ())
    if form is not None:
        for name in form if marked == ALL else marked:
            yield form.getlist(name)


def sensitive_variable_values() -> Iterator[Any]:
    """Yield the marked variables of the functions that the error being handled went through."""
    error = sys.exc_info()[1]
    for _ in range(MAX_CHAIN):
        if error is None:
            return
        for frame, _ in walk_tb(error.__traceback__):
            marked = _marked(frame)
            if marked:
                for name, value in frame.f_locals.items():
                    if marked == ALL or name in marked:
                        yield value
        error = error.__cause__ or error.__context__


def _marked(frame: FrameType) -> Collection[str]:
    """Return the names that are marked in a function's frame, as Django's error reports do."""
    code = frame.f_code
    if code.co_flags & inspect.CO_COROUTINE:
        # Django's own key: a coroutine has no frame that called it.
        key = hash(f"{code.co_filename}:{code.co_firstlineno}")
        return coroutine_functions_to_sensitive_variables.get(key, ())
    caller = frame.f_back
    if caller is not None and caller.f_code.co_name == _WRAPPER:
        wrapper = caller.f_locals.get(_WRAPPER)
        marked: Collection[str] = getattr(wrapper, "sensitive_variables", ())
        return marked
    return ()
