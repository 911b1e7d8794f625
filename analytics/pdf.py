"""HTML to PDF, fenced in: nothing is fetched but `data:` addresses, and no document grows without bound."""

from io import BytesIO
from typing import Any

MOST_BYTES = 4_000_000  # of HTML; a report of one account is about 100 kB


class TooLarge(ValueError):
    """The document is larger than the renderer may take."""


def render_pdf(html: str, css: str) -> tuple[bytes, int]:
    """Render a whole HTML document with one stylesheet; returns the PDF and its number of pages.

    WeasyPrint is imported here because it costs a second and only workers need it. Its fetcher refuses
    every protocol but `data:` and every redirect, so a hostile name in the data can fetch nothing.
    """
    if len(html) > MOST_BYTES:
        raise TooLarge(f"{len(html):,} characters are more than {MOST_BYTES:,}")
    from weasyprint import CSS, HTML  # noqa: PLC0415
    from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415
    from weasyprint.urls import URLFetcher  # noqa: PLC0415

    fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
    fonts = FontConfiguration()
    sheet = CSS(string=css, font_config=fonts, url_fetcher=fetcher)
    document: Any = HTML(string=html, url_fetcher=fetcher).render(stylesheets=[sheet], font_config=fonts)
    out = BytesIO()
    document.write_pdf(out, pdf_variant="pdf/ua-1")
    return out.getvalue(), len(document.pages)
