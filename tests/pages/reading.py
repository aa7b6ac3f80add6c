"""Reading a page as a person does."""

import html
import re
from typing import Any

from django.utils.html import strip_tags


def text_of(answer: Any) -> str:
    """The text of an answer without its markup, one space between words."""
    page = re.sub(r"(?s)<(script|title|svg)\b.*?</\1>", " ", answer.content.decode())
    # An arrow and its number belong together; other elements stand apart.
    page = page.replace('</span><span class="arrow"', "").replace(
        '<span class="arrow" aria-hidden="true">', "<i>"
    )
    page = re.sub(r"<i>([▲▼]?)</span>", r"\1", page)
    text = " ".join(html.unescape(strip_tags(page.replace("<", " <"))).split())
    text = text.replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")
    return text.replace(" ,", ",").replace(" .", ".")
