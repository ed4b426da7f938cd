# SPDX-License-Identifier: Apache-2.0
"""Outlines of a mask as polygons that can be moved by hand: few points, no holes."""

import cv2
import numpy as np

TOLERANCE = 0.75  # pixels by which an outline may move to have fewer points; corners stay
LEAST = 10  # pixels of the smallest part, and of the smallest hole


def outlines(mask: np.ndarray) -> list[list[np.ndarray]]:
    """Returns the polygons of each connected part of a mask.

    A part with a hole is cut through the hole from top to bottom until none is left, so that its
    polygons lie side by side. Parts and holes of fewer than ``LEAST`` pixels are left out.

    Args:
        mask (np.ndarray): (H, W) bool.

    Returns:
        list[list[np.ndarray]]: For each part, polygons (N, 2) int of x and y: the centres of the
        pixels at the rim, which belong to the part.
    """
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    found = []
    for i in range(1, count):
        left, top, width, height, area = stats[i]
        if area < LEAST:
            continue
        part = (parts[top : top + height, left : left + width] == i).astype(np.uint8)
        polygons = [_simplified(one) + (left, top) for one in _without_holes(part)]
        found.append(polygons)
    return found


def _without_holes(part: np.ndarray) -> list[np.ndarray]:
    """The outer contours of pieces of a part that have no hole, (N, 2) int each."""
    found = []
    pieces = [(_filled(part), 0)]
    while pieces:
        piece, left = pieces.pop()
        contours, hierarchy = cv2.findContours(piece, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        if hierarchy is None:
            continue
        # the rim of a hole is one pixel around it, so that the hole is not empty in the middle
        middles = [
            int(contour[:, 0, 0].min() + contour[:, 0, 0].max() + 1) // 2
            for contour, (*_, outer) in zip(contours, hierarchy[0], strict=True)
            if outer >= 0
        ]
        if middles:  # near the centre, so that few cuts follow one on another
            cut = min(middles, key=lambda middle: abs(2 * middle - piece.shape[1]))
            pieces += [(piece[:, cut:].copy(), left + cut), (piece[:, :cut].copy(), left)]
        else:
            found += [one[:, 0] + (left, 0) for one in contours if len(one) > 2]
    return found


def _filled(part: np.ndarray) -> np.ndarray:
    """A part without its smallest holes."""
    border = cv2.copyMakeBorder(part, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    _, gaps, stats, _ = cv2.connectedComponentsWithStats(1 - border, connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < LEAST
    small[[0, gaps[0, 0]]] = False  # the part itself, and what lies around it
    return np.where(small[gaps], 1, border)[1:-1, 1:-1].astype(np.uint8)


def _simplified(contour: np.ndarray) -> np.ndarray:
    """A contour with fewer points; as it is where these would make no area."""
    fewer = cv2.approxPolyDP(contour.astype(np.int32), TOLERANCE, True)[:, 0]
    return fewer if len(fewer) > 2 else contour
