"""Text attachments: the only ones that leave, after every line was read."""

from __future__ import annotations

from typing import Final

import sentry_sdk

FILTERED_TEXT: Final = "text/plain; telemetry=filtered"
"""The content type by which the gate knows that an attachment may be read and sent."""

MAX_CHARACTERS: Final = 1_000_000


def attach_text(text: str, *, name: str = "attachment.txt") -> None:
    """Attach text to the errors captured from here on in the current request or context.

    The text is filtered like an error message, values known from the request included. Every other
    attachment, such as one of ``sentry_sdk.add_attachment``, is dropped: nobody can read a picture
    or an archive for personal data.

    :param text: at most a million characters; what is longer is cut.
    :param name: its file name; letters, digits, ``.``, ``-`` and ``_``, else it becomes
        ``attachment.txt``.
    """
    sentry_sdk.get_isolation_scope().add_attachment(
        bytes=text[:MAX_CHARACTERS].encode("utf-8", "replace"),
        filename=name,
        content_type=FILTERED_TEXT,
    )
