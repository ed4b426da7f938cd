# SPDX-License-Identifier: Apache-2.0
"""Parts of self-contained HTML pages: the page itself, tiles of pictures, a legend of classes."""

import base64
import html
from collections.abc import Sequence

import cv2
import numpy as np

from .pictures import IGNORED, IGNORED_COLOUR

CSS = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 0; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 1.5rem; margin: 0 0 4px; } h2 { font-size: 1.15rem; margin: 36px 0 8px; }
h3 { font-size: 0.95rem; font-weight: 600; margin: 18px 0 6px; overflow-wrap: anywhere; }
p { margin: 6px 0; max-width: 75ch; }
.quiet { color: #5a5a5a; font-size: 0.9rem; }
figure { margin: 0; } figure img { display: block; }
figcaption { font-size: 0.8rem; color: #444; }
.legend span { display: inline-block; margin-right: 14px; font-size: 0.85rem; }
.legend i { display: inline-block; width: 12px; height: 12px; margin-right: 5px;
  border: 1px solid #888; vertical-align: -1px; }
"""


def html_page(title: str, body: str, css: str = '') -> str:
    """Returns a page that needs no other file.

    Args:
        title (str): As text.
        body (str): As HTML.
        css (str): Rules beside those of all pages.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{html.escape(title)}</title><style>{CSS}{css}</style></head>'
        f'<body><main>{body}</main></body></html>\n'
    )


def tile(picture: np.ndarray, caption: str, width: int) -> str:
    """Returns a picture (H, W, 3) uint8 RGB with its caption as HTML, ``width`` pixels wide."""
    return figure(jpeg(picture, width), caption)


def jpeg(picture: np.ndarray, width: int) -> str:
    """Returns a picture (H, W, 3) uint8 RGB as JPEG in base64, ``width`` pixels wide."""
    height = max(round(width * picture.shape[0] / picture.shape[1]), 1)
    how = cv2.INTER_AREA if picture.shape[1] > width else cv2.INTER_NEAREST
    small = cv2.resize(np.ascontiguousarray(picture[..., ::-1]), (width, height), interpolation=how)
    content = cv2.imencode('.jpg', small, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
    return base64.b64encode(content).decode()


def is_jpeg(text: str) -> bool:
    """Returns whether a text is what :func:`jpeg` returns: such a text cannot end a tag."""
    try:
        return base64.b64decode(text, validate=True).startswith(b'\xff\xd8\xff')
    except ValueError:
        return False


def figure(data: str, caption: str) -> str:
    """Returns a picture from :func:`jpeg` with its caption as HTML."""
    return (
        f'<figure><img alt="{html.escape(caption)}" src="data:image/jpeg;base64,{data}">'
        f'<figcaption>{html.escape(caption)}</figcaption></figure>'
    )


def legend(classes: Sequence[str], palette: Sequence[Sequence[int]], ignored: bool = False) -> str:
    """Returns class names and their RGB colours as HTML, with that of ignored pixels if wanted."""
    if ignored:
        classes, palette = [*classes, IGNORED], [*palette, IGNORED_COLOUR.tolist()]
    entries = ''.join(
        f'<span><i style="background:rgb({r},{g},{b})"></i>{html.escape(name)}</span>'
        for name, (r, g, b) in zip(classes, palette, strict=True)
    )
    return f'<p class="legend">{entries}</p>'
