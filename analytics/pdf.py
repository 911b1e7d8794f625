"""HTML to PDF, fenced in: nothing is fetched but `data:` addresses, and no document grows without bound."""

import base64
import logging
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from core.errors import DomainError

MOST_CHARACTERS = 4_000_000  # of HTML; a report of one account is about 100,000
FONTS = Path(__file__).resolve().parents[1] / "static/vendor/inter/5.3.0"
# One family name per file: the engine takes two files of one family for the same font and mixes up their letters.
FACES = {"Inter": "inter-latin-wght-normal.woff2", "Inter Ext": "inter-latin-ext-wght-normal.woff2"}


class TooLarge(DomainError):
    """The document is larger than the renderer may take."""


def render_pdf(html: str, css: str) -> tuple[bytes, int]:
    """Render a whole HTML document with one stylesheet; returns the PDF (PDF/UA-1) and its number of pages.

    The stylesheet may use the families "Inter" and "Inter Ext", which are embedded from our own files.
    WeasyPrint is imported here because it costs a second and only workers need it. Its fetcher refuses
    every protocol but `data:` and every redirect, so a hostile name in the data can fetch nothing.
    Raises TooLarge.
    """
    if len(html) > MOST_CHARACTERS:
        raise TooLarge("This report is too large to be written. Please tell us which account it is.")
    from weasyprint import CSS, HTML  # noqa: PLC0415
    from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415
    from weasyprint.urls import URLFetcher  # noqa: PLC0415

    for name in ("fontTools", "weasyprint.progress"):
        logging.getLogger(name).setLevel(logging.WARNING)  # fifty lines for each report otherwise
    fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
    fonts = FontConfiguration()
    sheet = CSS(string=_faces() + css, font_config=fonts, url_fetcher=fetcher)
    document: Any = HTML(string=html, url_fetcher=fetcher).render(stylesheets=[sheet], font_config=fonts)
    out = BytesIO()
    document.write_pdf(out, pdf_variant="pdf/ua-1")
    return out.getvalue(), len(document.pages)


@cache
def _faces() -> str:
    """Our own letters as data: addresses, so that a bare machine needs no font for Latin text."""
    rules = []
    for family, name in FACES.items():
        data = base64.b64encode((FONTS / name).read_bytes()).decode()
        source = f'url(data:font/woff2;base64,{data}) format("woff2")'
        rules.append(f'@font-face {{ font-family: "{family}"; src: {source}; }}')
    return "\n".join(rules)
