# SPDX-License-Identifier: Apache-2.0
"""Sentences about what a project cannot learn or measure well, and what helps."""

from .agreement import counted_from_one
from .bands import dropped_text
from .masks import MaskFile
from .pages import pages_text
from .plan import Plan
from .survey import class_pixels
from .white import faint_text

RARE = 0.02  # of the labeled pixels


def notes(plan: Plan, config: str) -> list[str]:
    """Returns the sentences about a plan; none, if there is nothing to say.

    Args:
        plan (Plan): What will be written.
        config (str): Name of the config.
    """
    images = plan.survey.images.values()
    return [
        *plan.survey.notes,
        *faint_text(plan.survey.images),
        *dropped_text((image.path, image.bands) for image in images),
        *pages_text(image.path for image in images if image.more_pages),
        *_counted_from_one(plan),
        *_one_to_measure_on(plan),
        *_classes_not_seen(plan),
        *_rare_classes(plan, config),
    ]


def _counted_from_one(plan: Plan) -> list[str]:
    if plan.survey.scheme.kind != 'values':
        return []
    masks = plan.survey.masks.values()
    text = counted_from_one([mask for mask in masks if isinstance(mask, MaskFile)])
    return [text] if text else []


def _one_to_measure_on(plan: Plan) -> list[str]:
    total = len(plan.survey.masks)
    if len(plan.splits.val) > 1:
        return []
    more = f'give it two (--val {2 / total:.2g}), label more, or' if total > 3 else 'label more, or'
    return [
        f'Validation is a single image, and its score says little about others: {more} train on '
        'several draws and compare the means (docs/your_own_data.md, "Very few masks").'
    ]


def _classes_not_seen(plan: Plan) -> list[str]:
    found = plan.survey
    present = {
        name: {cls for cls, count in class_pixels(mask, found.scheme).items() if count}
        for name, mask in found.masks.items()
    }
    texts = []
    for names, what, remedy in (
        (plan.splits.labeled[0], 'labeled', 'it cannot be learned. Label more that show it.'),
        (plan.splits.val, 'validation',
         'its IoU says nothing. Give validation more images (--val), or label more that show it.'),
    ):  # fmt: skip
        for cls in found.scheme.names:
            count = sum(cls in classes for classes in present.values())
            if count and not any(cls in present[name] for name in names):
                texts.append(
                    f'No {what} image shows {cls}, which is on {count} of {len(present)} annotated '
                    f'ones: {remedy}'
                )
    return texts


def _rare_classes(plan: Plan, config: str) -> list[str]:
    scheme, labeled = plan.survey.scheme, plan.splits.labeled[0]
    masks = [plan.survey.masks[name] for name in labeled]
    total = sum(mask.size[0] * mask.size[1] for mask in masks)
    weights = plan.facts.class_weight
    texts = []
    for i, cls in enumerate(scheme.names):
        share = sum(class_pixels(mask, scheme)[cls] for mask in masks) / total
        if not 0 < share < RARE:
            continue
        if weights is None:
            what = 'Its pixels weigh as all others where it occurs, because there it is not rare.'
        elif scheme.label_space == 'binary' and i == 0:
            continue  # the one weight is that of the foreground
        else:
            weight, than = weights[0 if scheme.label_space == 'binary' else i], 'without it'
            if scheme.label_space == 'multiclass':
                least = min(range(len(weights)), key=lambda i: weights[i])
                weight, than = weight / weights[least], f'of {scheme.names[least]}'
            what = (
                f'Its pixels weigh {weight:.3g} times as much in the loss as those {than} '
                f'(class_weight in {config}).'
            )
        texts.append(f'{cls} covers {share:.2%} of the labeled pixels, which is little. {what}')
    return texts
