# SPDX-License-Identifier: Apache-2.0
"""Which steps of a pipeline's config load annotations, and the pipeline without them."""

import re
from collections.abc import Sequence

from mmseg.registry import TRANSFORMS

LOADER = re.compile('Load.*Annotation')


def transform_class(step: dict) -> type | None:
    """Returns the class of a step's ``type``; None if it is not registered or no class."""
    kind = step.get('type')
    found = TRANSFORMS.get(kind) if isinstance(kind, str) else kind
    return found if isinstance(found, type) else None


def loads_annotations(step: dict) -> bool:
    """Returns whether a step of a pipeline loads an annotation.

    That is a ``Load...Annotation...`` of mmcv, mmseg, this package or the user, and whatever is
    derived from one, by any name.

    Args:
        step (dict): With the ``type`` of a transform, as name or class.
    """
    cls = transform_class(step)
    names = [str(step.get('type'))] if cls is None else [base.__name__ for base in cls.__mro__]
    return any(map(LOADER.match, names))


def without_annotations(pipeline: Sequence) -> list:
    """Returns a pipeline without the steps that load annotations, also within other steps.

    Args:
        pipeline (Sequence): Of dicts, or of sequences of them, as in the ``transforms`` of
            ``RandomChoice`` or ``TestTimeAug``; it stays as it is. A step or sequence that holds
            nothing else is left out, too.
    """
    kept: list = []
    for step in pipeline:
        if not isinstance(step, dict):
            rest = without_annotations(step)
            kept += [rest] if rest or not step else []
        elif not loads_annotations(step):
            inner = step.get('transforms')
            if not inner:
                kept.append(step)
            elif rest := without_annotations(inner):
                kept.append({**step, 'transforms': rest})
    return kept
