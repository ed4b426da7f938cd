# SPDX-License-Identifier: Apache-2.0
"""Building from a config, with errors that name the key and the remedy."""

import inspect

from mmengine.registry import Registry

from .errors import UserError
from .errors.wording import did_you_mean


def build(registry: Registry, cfg: dict, where: str):
    """Returns the object that ``cfg`` describes, after checking its keys against the class.

    Args:
        registry (Registry): Such as ``mmseg.registry.MODELS``.
        cfg (dict): Config with a ``type``; the other keys are the constructor's arguments.
        where (str): The config key that holds ``cfg``, for the error message.

    Raises:
        UserError: If ``cfg`` is no dict with a ``type``, no class of that name is registered, a
            key is not an argument of the class, or a required one is missing.
    """
    if not isinstance(cfg, dict) or 'type' not in cfg:
        raise UserError(f'{where} must be a dict with a "type", but it is {cfg!r}.')
    cls = registry.get(cfg['type']) if isinstance(cfg['type'], str) else cfg['type']
    if cls is None:
        raise UserError(
            f'{where}.type={cfg["type"]!r} is not registered in {registry.name!r}: is it spelt '
            'right, and is its module in custom_imports?'
        )
    check_options(cls, {key: value for key, value in cfg.items() if key != 'type'}, where)
    return registry.build(cfg)


def check_options(cls: type, options: dict, where: str) -> None:
    """Checks that the keys of a config are arguments of a class.

    Args:
        cls (type): The class.
        options (dict): The arguments.
        where (str): The config key that holds the options, for the error message.

    Raises:
        UserError: If a key is not an argument of the class, or a required one is missing.
    """
    signature = inspect.signature(cls).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in signature.values()):
        for key in options:
            if key not in signature:
                raise UserError(
                    f'{where}.{key}: {cls.__name__} has no such option.'
                    f'{did_you_mean(key, signature)} Its options are {", ".join(signature)}.'
                )
    for key, parameter in signature.items():
        required = parameter.default is parameter.empty and parameter.kind in (
            parameter.POSITIONAL_OR_KEYWORD,
            parameter.KEYWORD_ONLY,
        )
        if required and key not in options:
            raise UserError(f'{where}.{key} is missing: {cls.__name__} cannot do without it.')
