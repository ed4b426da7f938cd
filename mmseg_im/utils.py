# SPDX-License-Identifier: Apache-2.0
"""Building from a config, and errors that name the key and the remedy in one sentence."""

import difflib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.registry import Registry


def build(registry: Registry, cfg: dict, where: str):
    """Builds ``cfg`` from a registry after checking its keys against the constructor.

    Args:
        registry (Registry): Such as ``mmseg.registry.MODELS``.
        cfg (dict): Config with a ``type``; the other keys are the constructor's arguments.
        where (str): The config key that holds ``cfg``, for the error message.

    Raises:
        TypeError: If ``cfg`` is no dict with a ``type``.
        KeyError: If no class of that name is registered.
        ValueError: If a key is not an argument of the class, or a required one is missing.
    """
    if not isinstance(cfg, dict) or 'type' not in cfg:
        raise TypeError(f'{where} must be a dict with a "type", but it is {cfg!r}.')
    cls = registry.get(cfg['type']) if isinstance(cfg['type'], str) else cfg['type']
    if cls is None:
        raise KeyError(
            f'{where}.type={cfg["type"]!r} is not registered in {registry.name!r}: is it spelt '
            'right, and is its module in custom_imports?'
        )
    signature = inspect.signature(cls).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in signature.values()):
        for key in cfg:
            if key != 'type' and key not in signature:
                close = difflib.get_close_matches(key, signature, n=1)
                hint = f' Did you mean {close[0]!r}?' if close else ''
                raise ValueError(
                    f'{where}.{key}: {cls.__name__} has no such option.{hint} Its options are '
                    f'{", ".join(signature)}.'
                )
    for key, parameter in signature.items():
        required = parameter.default is parameter.empty and parameter.kind in (
            parameter.POSITIONAL_OR_KEYWORD,
            parameter.KEYWORD_ONLY,
        )
        if required and key not in cfg:
            raise ValueError(f'{where}.{key} is missing: {cls.__name__} cannot do without it.')
    return registry.build(cfg)


@contextmanager
def plain_errors() -> Iterator[None]:
    """For command-line tools: prints the package's own errors as a sentence, without a traceback.

    Errors that this package raises on purpose name what is wrong, where, and the remedy; the many
    frames of mmengine's registries above them help nobody. All other errors pass unchanged.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, FileNotFoundError) as error:
        message = _own_message(error)
        if message is None:
            raise
        sys.exit(f'error: {message}')


def _own_message(error: BaseException | None) -> str | None:
    """The message of the first error in a chain that a ``raise`` of this package made."""
    package = Path(__file__).parent
    while error is not None:
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        if frame is not None and package in Path(frame.tb_frame.f_code.co_filename).parents:
            return str(error.args[0]) if error.args else None
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return None
